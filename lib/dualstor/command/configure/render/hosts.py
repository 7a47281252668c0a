# SPDX-License-Identifier: GPL-2.0-or-later
"""The nodes in /etc/hosts: cman uses names, and a cluster must not depend on DNS (hosts(5))."""

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.configure.model import Pair

PATH = "/etc/hosts"


def render(pair: "Pair") -> str:
    """Our lines alone."""
    return "".join(f"{node.address} {node.name}\n" for node in pair.nodes)


def merged(text: str, pair: "Pair") -> str:
    """The text of an /etc/hosts in which each node's name has its address and no other.

    Installers put the host's own name on 127.0.1.1, with which a cluster of one forms.
    """
    wanted, out = {node.name: node.address for node in pair.nodes}, []
    missing = dict(wanted)
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        kept = [name for name in words[1:] if wanted.get(name, words[0]) == words[0]]
        for name in kept:
            missing.pop(name, None)
        if kept == words[1:]:
            out.append(line)
        elif kept:
            out.append(" ".join(words[:1] + kept))
    out += [f"{address} {name}" for name, address in missing.items()]
    return "".join(line + "\n" for line in out)
