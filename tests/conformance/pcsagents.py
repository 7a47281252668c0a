# SPDX-License-Identifier: GPL-2.0-or-later
"""pcs as on a host that has the agents: it asks crm_resource for their metadata.

It has the path of crm_resource in its settings, which is the only thing that is changed.
"""

import os
import shutil

from sourcetree import TREE

_START = """\
import sys
from pcs import app, settings
for name, value in list(vars(settings).items()):
    if isinstance(value, str) and value.endswith("/crm_resource"):
        setattr(settings, name, sys.argv[1])
sys.argv[:2] = ["pcs"]
sys.exit(app.main(sys.argv[1:]))
"""

_CRM_RESOURCE = """\
#!/bin/sh
case "$*" in
"--show-metadata ocf:dualstor:"*) exec cat "%(metadata)s/${2##*:}%(form)s.xml" ;;
esac
exec "%(real)s" "$@"
"""


def command(folder, form=""):
    """The words that start it.

    :param folder: where a file may be made
    :param form: ".ocf-1.0" for the metadata that Pacemaker 2.0 gets
    """
    search = os.environ["PATH"] + ":/usr/sbin:/sbin"
    with open(shutil.which("pcs", path=search), encoding="utf-8") as program:
        python = program.readline().lstrip("#!").split()[0]
    stand_in = folder / "crm_resource"
    stand_in.write_text(_CRM_RESOURCE % {
        "metadata": os.path.join(TREE, "metadata"), "form": form,
        "real": shutil.which("crm_resource", path=search)})
    stand_in.chmod(0o755)
    return [python, "-c", _START, str(stand_in)]
