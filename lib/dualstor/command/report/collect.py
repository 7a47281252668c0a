# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes into the archive: {name: text}, from a host or from what has been read of one.

Each part has its deadline; one that does not answer is named. LVM is asked without its locks.
"""

import json
import os
import sys

from dualstor import __version__
from dualstor.command.check.sources import collect as sources
from dualstor.command.recover import document as recovering
from dualstor.command.recover import finding
from dualstor.command.report import logs, redact
from dualstor.command.status import advice, observe
from dualstor.command.status import command as status
from dualstor.command.status import document as showing
from dualstor.command.status.report import Silent

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any

    from dualstor.command.check.sources.tree import Tree
    from dualstor.host.host import Host

#: Bytes of all that is put into the archive.
LIMIT = 64 << 20
_GRACE = 5.0

_README = """\
What `dualstor report` read on {node}, {time}, dualstor {version}.

status.json, recover.json, check.json   as `dualstor status --json` and so on print it; LVM was
                                        not asked for what takes a lock
record.json                             what `dualstor check` reads; `dualstor check --root
                                        record.json` checks it
log/                                    lines about the pair, of the journal and of log files
versions.json                           of dualstor, Python and the kernel
missing.json                            what did not answer, and why

Passwords, shared secrets, keys and tokens are replaced by {mark}, as far as they can be
recognised. Names, addresses and paths are not. Read it before you send it.
"""


def look(wait: float) -> "dict[str, Any]":
    """{part: what it says, or a Silent} of this host.

    :param wait: seconds that each part of the status may take
    """
    def seen(_: "Host") -> "Any":
        return status.here(wait, locks=False)

    def made() -> "Host":
        return status.host(sources.SECONDS)
    parts: "observe.Parts" = {"status": seen, "record": sources.this_host, "log": logs.read}
    return observe.at_once(parts, made, max(sources.SECONDS, 2 * (wait + _GRACE)) + _GRACE)


def _check(tree: "Tree") -> "dict[str, Any] | Silent":
    """The document of ``dualstor check``; a Silent without lxml."""
    try:
        from dualstor.command.check import judge, report
        from dualstor.command.check.rules import rules
        from dualstor.command.check.view.cluster import ClusterView
    except ModuleNotFoundError as problem:
        return Silent(says=f"needs {problem.name} for Python")
    cluster = ClusterView((tree,))
    return report.document(cluster, judge.judge(cluster, rules(), frozenset()))


def _versions() -> "dict[str, Any]":
    system = os.uname()
    return {"dualstor": __version__, "python": sys.version, "node": system.nodename,
            "kernel": f"{system.sysname} {system.release} {system.version} {system.machine}"}


def files(seen: "dict[str, Any]", time: str, node: str) -> "dict[str, str]":
    """{name in the archive: text}, without secrets.

    :param seen: what ``look`` returned
    """
    values: "dict[str, Any]" = {"versions.json": _versions()}
    lines: "dict[str, str]" = {}
    missing: "dict[str, str]" = {name: part.says for name, part in seen.items()
                                 if isinstance(part, Silent)}
    if "status" not in missing:
        report = seen["status"]
        values["status.json"] = dict({"schema": "dualstor.status/1"}, **showing.document(
            report, advice.advise(report)))
        values["recover.json"] = dict({"schema": "dualstor.recover/1"}, **recovering.document(
            report, finding.find(report)))
        missing.update((f"status: {name}", part.says) for name, part in report.items()
                       if isinstance(part, Silent))
    if "record" not in missing:
        values["record.json"] = json.loads(seen["record"].to_json())
        checked = _check(seen["record"])
        if isinstance(checked, Silent):
            missing["check"] = checked.says
        else:
            values["check.json"] = dict({"schema": "dualstor.check/1"}, **checked)
        missing.update((f"record: {name}", why) for name, why in seen["record"].silent.items())
    if "log" not in missing:
        lines = {"log/" + name.strip("/").replace("/", "-"): text
                 for name, text in seen["log"].items()}
    values["missing.json"] = missing
    known = redact.secrets([*redact.texts(values), *lines.values()])
    found = {"README": _README.format(node=node, time=time, version=__version__,
                                      mark=redact.MARK)}
    for name, value in values.items():
        found[name] = json.dumps(redact.cleaned(value, known), indent=1, sort_keys=True) + "\n"
    for name, text in lines.items():
        found[name] = redact.clean(text, known)
    return _bounded(found)


def _bounded(found: "dict[str, str]") -> "dict[str, str]":
    """As much of the files as fits into LIMIT; the largest are left out."""
    kept, size = {}, 0
    for name, text in sorted(found.items(), key=lambda item: len(item[1])):
        size += len(text.encode("utf-8", "backslashreplace"))
        kept[name] = text if size <= LIMIT else "(too large: left out)\n"
    return kept
