# SPDX-License-Identifier: GPL-2.0-or-later
"""group_tool of cman 3: fence domain, dlm lockspaces and GFS mounts in one answer.

It runs ``fence_tool ls``, ``dlm_tool ls`` and ``gfs_control ls`` one after the other; in the
compatibility mode with cman 2 it shows groupd's table instead.
Source: cluster STABLE3 group/tool/main.c (OP_LIST, groupd_list).
"""

from dualstor.errors import ParseError
from dualstor.host.deadline import QUERY
from dualstor.record import Record, whole
from dualstor.tools import dlm_tool, fence_tool
from dualstor.tools.keyed import numbers

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

_LS = ("group_tool", "ls")
_HEADINGS = ("fence domain", "dlm lockspaces", "gfs mountgroups")
_MODE, _HINT = "groupd compatibility mode", "Run 'group_tool ls"


class Group(Record):
    """A group of cman 2. ``state`` is "none" at rest, else what it waits for."""

    type: str                        # "fence", "dlm" or "gfs"
    level: int
    name: str
    id: str                          # hexadecimal
    state: str
    members: "tuple[int, ...]" = ()  # ids of nodes


class Groups(Record):
    """All that group_tool shows."""

    domain: "fence_tool.Domain | None" = None
    lockspaces: "tuple[dlm_tool.Lockspace, ...]" = ()
    mode: "int | None" = None         # groupd's, where it runs: 0 (cman 3), 1 (cman 2), 2 (pending)
    groups: "tuple[Group, ...]" = ()  # of the compatibility mode
    mounts: "tuple[str, ...]" = ()    # lines about GFS


def _row(line: str, source: str) -> "Group":
    """The Group of ``dlm              1     clvmd    00020001 none``."""
    words = line.split()
    level = whole(words[1]) if len(words) >= 5 else None
    if level is None:
        raise ParseError(source, line, "expected a group")
    return Group(type=words[0], level=level, name=words[2], id=words[3],
                 state=" ".join(words[4:]))


def _table(lines: "list[str]", source: str) -> "tuple[Group, ...]":
    """The Groups of groupd's table, without its heading."""
    found: "list[Group]" = []
    for line in lines:
        if line.startswith("[") and line.rstrip().endswith("]") and found:
            found[-1] = found[-1].but(
                members=numbers(source, line.strip()[1:-1].split(), line))
        else:
            found.append(_row(line, source))
    return tuple(found)


def parse(text: str, source: str = "group_tool ls") -> "Groups":
    """The Groups in the output of ``group_tool ls`` or ``cman_tool services``.

    :raises ParseError: it is cut off or something else
    """
    parts, mode, heading, table = {}, None, None, []
    for line in text.splitlines():
        if line.strip() in _HEADINGS:
            heading = line.strip()
            parts[heading] = [line]
        elif line.startswith(_MODE):
            mode, = numbers(source, line[len(_MODE):].split()[:1] or [""], line)
        elif line.split()[:2] == ["type", "level"]:
            heading = None
        elif not line.strip() or line.startswith(_HINT):
            continue
        elif heading is not None:
            parts[heading].append(line)
        else:
            table.append(line)
    domain, spaces = parts.get(_HEADINGS[0]), parts.get(_HEADINGS[1])
    return Groups(
        domain=fence_tool.parse("\n".join(domain)) if domain else None,
        lockspaces=dlm_tool.parse_ls("\n".join(spaces)) if spaces else (),
        mode=mode, groups=_table(table, source), mounts=tuple(parts.get(_HEADINGS[2], [])[1:]))


def ls(host: "Host", timeout: float = QUERY) -> "Groups":
    """The Groups of this node.

    It ends with 0 whatever happened below it: empty Groups say nothing.

    :raises ToolMissing, ToolHung: as Host.run
    :raises ParseError: the output is not understood
    """
    return parse(host.run(_LS, timeout).stdout)
