# SPDX-License-Identifier: GPL-2.0-or-later
"""The packet filter of one host, whichever program keeps it."""

from dualstor.command.check.parsers import firewalld, iptables, nftables
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.seen import Unavailable

#: (file of saved rules, who judges it).
_SAVED = (("/etc/sysconfig/iptables", iptables.admits), ("/etc/iptables/rules.v4", iptables.admits),
          ("/etc/nftables.conf", nftables.admits))
_ZONES = "/etc/firewalld/zones/"
_RUNNING = (("nftables", nftables.admits), ("iptables", iptables.admits))


class Firewall:
    """The filter of a view.host.Host."""

    def __init__(self, host):
        self._host = host

    def _active(self):
        """[(Where, admits)] of what the host's commands told."""
        try:
            text = self._host.output("firewalld")
            where = Where("firewall-cmd --list-all-zones")
            return [(where, lambda protocol, port: firewalld.admits(text, protocol, port))]
        except Unavailable:
            pass
        found = []
        for command, judge in _RUNNING:
            try:
                found.append(self._bound(Where(self._host.answer(command)["argv"]),
                                         self._host.output(command), judge))
            except Unavailable:
                continue
        return found

    @staticmethod
    def _bound(where, text, judge):
        return where, lambda protocol, port: judge(text, protocol, port)

    def _kept(self):
        """[(Where, admits)] of the files of a copied tree."""
        found = []
        zones = {p: t for p, t in self._host.tree.files.items() if p.startswith(_ZONES)}
        if zones:
            found.append((Where(_ZONES), lambda protocol, port: any(
                firewalld.file_admits(text, path, protocol, port)
                for path, text in zones.items())))
        for path, judge in _SAVED:
            text = self._host.text(path)
            if text is not None:
                found.append(self._bound(Where(path), text, judge))
        return found

    def closed(self, protocol, port=None):
        """Where it is seen that a new packet does not get in; None when it does.

        :raises Unavailable: no program tells, and no file
        """
        filters = self._active() or self._kept()
        if not filters:
            raise Unavailable("firewall: none of firewall-cmd, nft, iptables-save answered")
        return next((where for where, admits in filters if not admits(protocol, port)), None)
