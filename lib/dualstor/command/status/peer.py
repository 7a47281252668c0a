# SPDX-License-Identifier: GPL-2.0-or-later
"""The other node's own view, over ssh; it runs ``dualstor status --json`` there."""

import json

from dualstor.command.status.report import Silent
from dualstor.errors import DualstorError

_CONNECT_TIME = 5   # seconds
TIME = 20.0         # seconds for all of it: the other node may have parts that do not answer

_SCHEMA = "dualstor.status/1"
_OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=%d" % _CONNECT_TIME)


def argv(name):
    """The command that asks host *name*.

    :raises DualstorError: it would be an option of ssh
    """
    if not name or name.startswith("-"):
        raise DualstorError("--peer %r is no host" % name)
    return ("ssh",) + _OPTIONS + ("--", name, "dualstor", "status", "--json")


def ask(host, name):
    """The other node's document, a dict; a Silent when there is none."""
    try:
        completed = host.run(argv(name), TIME)
        found = json.loads(completed.stdout)
    except DualstorError as problem:
        return Silent(says=problem.reason)
    except ValueError:
        return Silent(says="%s answers no JSON: %s" % (name, completed.complaint()))
    if not isinstance(found, dict) or found.get("schema") != _SCHEMA:
        return Silent(says="%s speaks another version of dualstor" % name)
    return found
