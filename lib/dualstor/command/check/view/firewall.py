# SPDX-License-Identifier: GPL-2.0-or-later
"""The packet filter of one host, whichever program manages it."""

from dualstor.command.check.parsers import firewalld, iptables, nftables
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Callable

    from dualstor.command.check.view.seen import Seen

    #: Whether a filter admits a new packet (protocol, port).
    Admits = Callable[[str, "int | None"], bool]
    Filter = Callable[[str, str, "int | None"], bool]

#: (file of saved rules, what evaluates it).
_SAVED = (("/etc/sysconfig/iptables", iptables.admits), ("/etc/iptables/rules.v4", iptables.admits),
          ("/etc/nftables.conf", nftables.admits))
_ZONES = "/etc/firewalld/zones/"
_RUNNING = (("nftables", nftables.admits), ("iptables", iptables.admits))


def _bound(where: Where, text: str, admits: "Filter") -> "tuple[Where, Admits]":
    return where, lambda protocol, port: admits(text, protocol, port)


class Firewall:
    """The filter of a host."""

    def __init__(self, host: "Seen") -> None:
        self._host = host

    def _active(self) -> "list[tuple[Where, Admits]]":
        """[(Where, admits)] by the output of the host's commands."""
        try:
            return [_bound(Where("firewall-cmd --list-all-zones"), self._host.output("firewalld"),
                           firewalld.admits)]
        except Unavailable:
            pass
        found = []
        for command, admits in _RUNNING:
            try:
                found.append(_bound(Where(self._host.answer(command)["argv"]),
                                    self._host.output(command), admits))
            except Unavailable:
                continue
        return found

    def _saved(self) -> "list[tuple[Where, Admits]]":
        """[(Where, admits)] of the files of a copied tree."""
        found: "list[tuple[Where, Admits]]" = []
        zones = {p: t for p, t in self._host.tree.files.items() if p.startswith(_ZONES)}
        if zones:
            found.append((Where(_ZONES), lambda protocol, port: any(
                firewalld.file_admits(text, path, protocol, port)
                for path, text in zones.items())))
        for path, admits in _SAVED:
            text = self._host.text(path)
            if text is not None:
                found.append(_bound(Where(path), text, admits))
        return found

    def closed(self, protocol: str, port: "int | None" = None) -> "Where | None":
        """What rejects a new packet; None if it is accepted.

        :raises Unavailable: no program answers, and there is no file
        """
        filters = self._active() or self._saved()
        if not filters:
            raise Unavailable("firewall: none of firewall-cmd, nft, iptables-save answered")
        return next((where for where, admits in filters if not admits(protocol, port)), None)
