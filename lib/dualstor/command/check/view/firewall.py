# SPDX-License-Identifier: GPL-2.0-or-later
"""The packet filter of one host, whichever program manages it.

What the kernel has counts most (nft, iptables-save); firewalld is asked where that is not known
or not understood. Of a copied tree without the output of these programs the files are read.
"""

from dualstor.command.check.filters import (
    chains,
    ipset,
    iptables,
    nftables,
    nftjson,
    zonefiles,
    zonelists,
    zones,
)
from dualstor.command.check.filters.firewalld import DEFAULT_ZONE, Firewalld
from dualstor.command.check.filters.nfttokens import NotUnderstood
from dualstor.command.check.filters.packet import UNKNOWN
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Mapping

    from dualstor.command.check.filters.chains import Answer
    from dualstor.command.check.filters.ipset import IpSet
    from dualstor.command.check.filters.nftstate import Ruleset
    from dualstor.command.check.filters.packet import Packet
    from dualstor.command.check.filters.zones import Settings
    from dualstor.command.check.view.seen import Seen

#: Files with rules that iptables-restore loads at boot, by version of IP.
_SAVED = {4: ("/etc/sysconfig/iptables", "/etc/iptables/rules.v4"),
          6: ("/etc/sysconfig/ip6tables", "/etc/iptables/rules.v6")}
#: Files that ``nft -f`` loads at boot; which one, the distribution says.
_SCRIPTS = ("/etc/nftables.conf", "/etc/sysconfig/nftables.conf", "/etc/nftables.nft",
            "/var/lib/nftables/rules-save")
_SETS = ("/etc/sysconfig/ipset", "/etc/iptables/ipsets")
_INTERFACES = "/etc/sysconfig/network-scripts/ifcfg-"
_NOT_RUNNING = 252      # firewall-cmd's exit code
_COMMANDS = {4: "iptables", 6: "ip6tables"}


class Firewall:
    """The filter of a host."""

    def __init__(self, host: "Seen") -> None:
        self._host = host

    def _output(self, command: str) -> "tuple[str, str] | None":
        """(stdout, command line) of a command; None if it did not answer."""
        try:
            return self._host.output(command), self._host.answer(command)["argv"]
        except Unavailable:
            return None

    # -- what the kernel has -------------------------------------------------------------

    @lazy
    def _rulesets(self) -> "tuple[list[Ruleset], NotUnderstood | None]":
        """([what nft prints], what of it is not understood)."""
        for command, parse in (("nft-json", nftjson.parse), ("nftables", _listed)):
            answered = self._output(command)
            if answered is not None and answered[0].strip():
                try:
                    return [parse(*answered)], None
                except NotUnderstood as problem:
                    return [], problem
        return [], None

    @lazy
    def _ipsets(self) -> "dict[str, IpSet]":
        answered = self._output("ipset")
        found = zonefiles.ipsets(self._host.tree.files)
        for text in [answered[0]] if answered else [self._host.text(path) for path in _SETS]:
            found.update(ipset.parse(text or ""))
        return found

    def _kernel(self, packet: "Packet") -> "list[Answer]":
        """What nft and iptables-save say."""
        found = []
        saved = self._output(_COMMANDS[packet.version])
        if saved is not None:
            found.append(self._tables(*saved).answer(packet))
        rulesets, problem = self._rulesets
        for ruleset in rulesets:
            shown = ruleset if saved is None else ruleset.without(packet.version, saved[0])
            found.append(shown.answer(packet, Where("nft")))
        if problem is not None:
            found.append(chains.Answer(UNKNOWN, problem.where))
        return found

    # -- firewalld -----------------------------------------------------------------------

    def _own(self, prefix: str) -> "Mapping[str, str]":
        """The files of firewalld whose paths begin so.

        :raises Unavailable: one cannot be read
        """
        for path in self._host.tree.unreadable:
            if path.startswith(prefix):
                self._host.text(path)
        return {path: text for path, text in self._host.tree.files.items()
                if path.startswith(prefix)}

    def _firewalld(self, found: "tuple[Settings, ...]", where: Where, default: "str | None",
                   bound: bool) -> Firewalld:
        """firewalld with zones that are known, and what its files add."""
        conf = self._host.text(zonefiles.FOLDER + "firewalld.conf") or ""
        default = default or zonefiles.value(conf, "DefaultZone") or DEFAULT_ZONE
        if default not in [zone.name for zone in found]:
            found += (zones.built_in(default, where),)
        policies = self._output("firewalld-policies")
        direct = self._output("firewalld-direct")
        path = zonefiles.FOLDER + "direct.xml"
        return Firewalld(
            zones=found, where=where, default=default, bound=bound,
            drifts=zonefiles.value(conf, "AllowZoneDrifting") == "yes",
            policies=zonelists.listed(*policies)[0] if policies else tuple(
                one for one in (zonefiles.settings(text, name) for name, text in
                                self._own(zonefiles.FOLDER + "policies/").items()) if one),
            direct=zonelists.listed_direct(*direct) if direct else zonefiles.direct(
                self._host.text(path) or "<direct/>", path),
            services=zonefiles.services(self._own(zonefiles.FOLDER + "services/")),
            sets=self._ipsets)

    @lazy
    def _running(self) -> "Firewalld | None":
        """firewalld as it runs."""
        listed = self._output("firewalld")
        if listed is None:
            return None
        found, default = zonelists.listed(*listed)
        return self._firewalld(found, Where(listed[1]), default, bound=True)

    @lazy
    def _filed(self) -> "Firewalld | NotUnderstood | None":
        """firewalld by its files; None without a zone's file, as it need not be in use."""
        commands = self._host.tree.commands
        if "firewalld" in commands and commands["firewalld"]["returncode"] == _NOT_RUNNING:
            return None
        found = []
        for path, text in self._own(zonefiles.FOLDER + "zones/").items():
            zone = zonefiles.settings(text, path)
            if zone is None:
                return NotUnderstood(Where(path), "not a zone")
            found.append(zone)
        bindings = self._own(_INTERFACES)
        for index, zone in enumerate(found):
            more = [zonefiles.device(path, text) for path, text in bindings.items()
                    if zonefiles.value(text, "ZONE") == zone.name]
            found[index] = zone.but(interfaces=zone.interfaces + tuple(more))
        return self._firewalld(tuple(found), Where(zonefiles.FOLDER + "zones/"), None,
                               bound=bool(bindings)) if found else None

    # -- the files of a copied tree -------------------------------------------------------

    def _files(self, packet: "Packet") -> "list[Answer]":
        """What the files say that are loaded at boot."""
        found = []
        filed = self._filed
        if isinstance(filed, NotUnderstood):
            found.append(chains.Answer(UNKNOWN, filed.where))
        elif filed is not None:
            found.append(filed.answer(packet))
        for path in _SAVED[packet.version]:
            text = self._host.text(path)
            if text is not None:
                found.append(self._tables(text, path).answer(packet))
        for path in _SCRIPTS:
            if self._host.text(path) is not None:
                try:
                    found.append(self._script(path).answer(packet, Where(path)))
                except NotUnderstood as problem:
                    found.append(chains.Answer(UNKNOWN, problem.where))
        return found

    def _script(self, path: str) -> "Ruleset":
        if path not in self._scripts:
            self._scripts[path] = nftables.parse(self._host.tree.files, path)
        return self._scripts[path]

    def _tables(self, text: str, source: str) -> "iptables.Tables":
        if source not in self._parsed:
            self._parsed[source] = iptables.Tables(text, source, self._ipsets)
        return self._parsed[source]

    @lazy
    def _parsed(self) -> "dict[str, iptables.Tables]":
        return {}

    @lazy
    def _scripts(self) -> "dict[str, Ruleset]":
        return {}

    # -- the answer -----------------------------------------------------------------------

    def closed(self, packet: "Packet") -> "Where | None":
        """What rejects a packet; None if it is accepted.

        :raises Unavailable: no program answers, there is no file, or a rule is not understood
        """
        answers = self._kernel(packet)
        if self._running is not None and (
                not self._rulesets[0] or chains.combined(answers, Where("")).result == UNKNOWN):
            said = self._running.answer(packet)
            answers = [one for one in answers if one.result != UNKNOWN] + [said]
        answers = answers or self._files(packet)
        if not answers:
            raise Unavailable("firewall: none of firewall-cmd, nft, iptables-save answered")
        answer = chains.combined(answers, Where(""))
        if answer.result == UNKNOWN:
            raise Unavailable(f"firewall: {answer.where} is not understood")
        return answer.where if answer.result == chains.CLOSED else None


def _listed(text: str, source: str) -> "Ruleset":
    return nftables.parse({source: text}, source)
