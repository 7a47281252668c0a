# SPDX-License-Identifier: GPL-2.0-or-later
"""/etc/corosync/corosync.conf of corosync 2 and 3 (corosync.conf(5), votequorum(5)).

The traffic is encrypted: who can speak corosync can fence. Needs /etc/corosync/authkey.
"""

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterable, Sequence

    from dualstor.command.configure.model import Pair

PATH = "/etc/corosync/corosync.conf"
KEY = "/etc/corosync/authkey"

#: Milliseconds. The default of corosync 3; that of 2 is too short for busy hosts.
_TOKEN = 3000
#: With two nodes it may be less than the token (corosync.conf(5)); by default it is 1.2 times as
#: much. A lost node is out of the membership, and its fencing complete, after both together.
_CONSENSUS = 1500


def _section(name: str, values: "Iterable[tuple[str, object]]" = (),
             inner: "Iterable[Sequence[str]]" = ()) -> "list[str]":
    lines = [name + " {"] + [f"\t{key}: {value}" for key, value in values]
    for section in inner:
        lines += ["\t" + line for line in section]
    return lines + ["}"]


def render(pair: "Pair") -> str:
    """The file's text, the same on both nodes."""
    knet = pair.generation.knet
    totem: "list[tuple[str, object]]" = [
        ("version", 2), ("cluster_name", pair.cluster),
        ("transport", "knet" if knet else "udpu"), ("token", _TOKEN),
        ("consensus", _CONSENSUS),
        ("crypto_cipher", "aes256"), ("crypto_hash", "sha256")]
    nodes = [_section("node", [("name", node.name), ("nodeid", number),
                               ("ring0_addr", node.address)])
             for number, node in enumerate(pair.nodes, 1)]
    sections = (
        _section("totem", totem),
        _section("nodelist", inner=nodes),
        # With two_node the first start waits for both (wait_for_all).
        _section("quorum", [("provider", "corosync_votequorum"), ("two_node", 1)]),
        _section("logging", [("to_syslog", "yes")]))
    return "\n\n".join("\n".join(section) for section in sections) + "\n"
