# SPDX-License-Identifier: GPL-2.0-or-later
"""fence_tool of cman 3: the fence domain, and whom fenced still has to fence.

Formats and exit codes: cluster STABLE3 fence/fence_tool/fence_tool.c (do_list, do_join,
do_leave, wait_domain).
"""

from dualstor.errors import ParseError, ToolFailed
from dualstor.host.deadline import QUERY
from dualstor.record import Record
from dualstor.tools.keyed import numbers

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.host.host import Host

_LIST = ("fence_tool", "ls", "-n")
_SOURCE = "fence_tool ls"
_KEYS = ("member count", "victim count", "victim now", "master nodeid", "wait state", "members")

#: What is said, with exit code 0, when the time of -w was too short.
_NOT_COMPLETE = "not complete"


class FenceDomainNode(Record):
    """A node as fenced knows it. ``how`` it was last fenced: none, agent, external ..."""

    id: int
    member: bool
    victim: bool
    how: "str | None" = None


class Domain(Record):
    """The fence domain. ``wait`` is none, quorum, messages or fencing."""

    victims: int                    # how many are to be fenced
    victim: int                     # id of the one being fenced, 0 when none is
    master: int                     # id of the node that fences
    wait: str
    members: "tuple[int, ...]"      # ids
    nodes: "tuple[FenceDomainNode, ...]" = ()  # of all nodes, when asked for
    rest: "tuple[str, ...]" = ()    # lines of other kinds

    @property
    def pending(self) -> bool:
        """Whether somebody is still to be fenced, or the domain is changing."""
        return self.victims > 0 or self.victim > 0 or self.wait != "none"

    @property
    def doomed(self) -> "tuple[int, ...]":
        """Ids of the nodes that are still to be fenced, as far as they are known."""
        known = {node.id for node in self.nodes if node.victim}
        return tuple(sorted(known | ({self.victim} if self.victim else set())))


def _node(line: str) -> "FenceDomainNode":
    """The FenceDomainNode of ``nodeid 1 member 1 victim 0 last fence master 0 how none``."""
    words = line.split()
    if len(words) < 6 or words[2] != "member" or words[4] != "victim":
        raise ParseError(_SOURCE, line, "expected a node")
    number, member, victim = numbers(_SOURCE, (words[1], words[3], words[5]), line)
    how = words[words.index("how") + 1:] if "how" in words else ()
    return FenceDomainNode(id=number, member=bool(member), victim=bool(victim),
                           how=how[0] if how else None)


def parse(text: str) -> "Domain":
    """The Domain in the output of ``fence_tool ls``, with or without ``-n``.

    :raises ParseError: it is cut off or something else
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or lines[0].strip() != "fence domain":
        raise ParseError(_SOURCE, (lines or [""])[0], "expected \"fence domain\"")
    values, nodes, rest = {}, [], []
    for line in lines[1:]:
        key = next((k for k in _KEYS if (line + " ").startswith(k + " ")), None)
        if key is not None:
            values[key] = line[len(key):].split(), line
        elif line.startswith("nodeid "):
            nodes.append(_node(line))
        elif line.strip() != "all nodes":
            rest.append(line)
    for key in _KEYS:
        if key not in values or (key != "members" and not values[key][0]):
            raise ParseError(_SOURCE, lines[-1], f"no \"{key}\", the last line is")

    def number(key: str) -> int:
        return numbers(_SOURCE, *values[key])[0]

    return Domain(victims=number("victim count"), victim=number("victim now"),
                  master=number("master nodeid"), wait=" ".join(values["wait state"][0]),
                  members=numbers(_SOURCE, *values["members"]), nodes=tuple(nodes),
                  rest=tuple(rest))


def ls(host: "Host", timeout: float = QUERY) -> "Domain | None":
    """The Domain; None when this node has not joined it, or fenced does not run.

    :raises ToolMissing, ToolHung: as Host.run
    :raises ParseError: the output is not understood
    """
    completed = host.run(_LIST, timeout)
    if not completed.ok and not completed.stdout.strip():
        return None
    return parse(completed.stdout)


def _do(host: "Host", deed: str, seconds: float) -> None:
    """Have fenced do it and wait for the result: -t is about cman, only -w waits for fenced."""
    limit = str(int(seconds))
    completed = host.run(("fence_tool", "-t", limit, "-w", limit, deed), seconds * 2 + QUERY)
    if not completed.ok or _NOT_COMPLETE in completed.stderr:
        raise ToolFailed(completed)


def join(host: "Host", seconds: float) -> None:
    """Join the fence domain and wait up to *seconds* for cman and as long for fenced.

    :raises ToolError: it could not, or not in time
    """
    _do(host, "join", seconds)


def leave(host: "Host", seconds: float) -> None:
    """Leave the fence domain and wait for it. Raises as ``join``.

    It is refused while the node has a dlm lockspace or a GFS file system.
    """
    _do(host, "leave", seconds)
