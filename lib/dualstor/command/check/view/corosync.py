# SPDX-License-Identifier: GPL-2.0-or-later
"""What corosync makes of corosync.conf: version, nodes, links, addresses, encryption.

Sources: exec/totemconfig.c and exec/totemip.c of corosync 1.4.9, 2.4.6 and 3.1.9; getaddrinfo(3)
and nss_files for names.
"""

import ipaddress
import re

from dualstor.command.check.parsers import corosyncconf
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import COROSYNC_CONF, Unavailable
from dualstor.record import Record, whole

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Protocol  # novm

    from dualstor.command.check.parsers.corosyncconf import CorosyncSection
    from dualstor.command.check.parsers.where import Problem, Where
    from dualstor.command.check.sources.tree import Answer

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

    class Source(Protocol):
        """The host: a view.host.HostView."""

        @property
        def corosync_text(self) -> str: ...

        @property
        def hosts_file(self) -> "dict[str, list[str]]": ...

        def answer(self, name: str) -> Answer: ...

        def output(self, name: str) -> str: ...

UDP, UDPU, KNET = "udp", "udpu", "knet"
_ADDRESS = re.compile(r"^ring([0-9]{1,3})_addr$")
_PORT = 5405
#: Keys of an interface section, other than knet's, that make it a link in corosync 3.
_LINK_KEYS = ("bindnetaddr", "mcastaddr", "broadcast", "mcastport", "ttl")


class RingAddress(Record):
    """An address of a node on a link, as written; ``node`` counts from 0."""

    node: int
    link: int
    text: str
    where: "Where"


class Corosync:
    """corosync of a host; what raises, raises as HostView.corosync_text."""

    def __init__(self, host: "Source") -> None:
        self._host = host

    @lazy
    def _text(self) -> str:
        return self._host.corosync_text

    @lazy
    def version(self) -> int:
        """Major version: 1, 2 or 3; by the program, else by what the file holds."""
        try:
            match = re.search(r"version '?([0-9]{1,3})\.", self._host.output("corosync-version"))
            number = whole(match.group(1)) if match else None
            if number is not None:
                return min(max(number, 1), 3)
        except Unavailable:
            pass
        conf = corosyncconf.parse(self._text, COROSYNC_CONF, 2)[0]
        totem, transport = conf.first("totem"), conf.first("totem").get("transport")
        if not conf.first("nodelist").sections and not conf.first("quorum").values:
            return 1
        if transport == KNET or (transport is None and not totem.named("interface")):
            return 3
        encrypts = any(totem.get(key) for key in ("secauth", "crypto_cipher", "crypto_hash"))
        return 2 if totem.named("interface") or encrypts else 3

    @lazy
    def parsed(self) -> "tuple[CorosyncSection, tuple[Problem, ...]]":
        """(the file as a section, Problems of what corosync refuses)."""
        return corosyncconf.parse(self._text, COROSYNC_CONF, self.version)

    @property
    def accepted(self) -> bool:
        """Whether corosync itself has read the file and its totem section, and found no fault."""
        if self.version < 2:    # it has no such option
            return False
        try:
            return self._host.answer("corosync-test")["returncode"] == 0
        except Unavailable:
            return False

    @property
    def totem(self) -> "CorosyncSection":
        """The totem section."""
        return self.parsed[0].first("totem")

    @property
    def quorum(self) -> "CorosyncSection":
        """The quorum section."""
        return self.parsed[0].first("quorum")

    @property
    def nodes(self) -> "list[CorosyncSection]":
        """The node sections; corosync 1 has none."""
        return self.parsed[0].first("nodelist").named("node")

    @property
    def device(self) -> "CorosyncSection | None":
        """The quorum device's section; without a model corosync takes it for none."""
        device = self.quorum.first("device")
        return device if device.get("model") else None

    @property
    def transport(self) -> str:
        """The transport: "udp" (multicast), "udpu", "knet" or another word."""
        return self.totem.get("transport") or (KNET if self.version >= 3 else UDP)

    # -- links ---------------------------------------------------------------------

    @lazy
    def addresses(self) -> "tuple[RingAddress, ...]":
        """The addresses in the node list, by node and link; none in corosync 1."""
        if self.version < 2:
            return ()
        return tuple(RingAddress(node=index, text=value, where=where,
                                 link=whole(match.group(1)) or 0)
                     for index, node in enumerate(self.nodes)
                     for key, (value, where) in sorted(node.values.items())
                     for match in [_ADDRESS.match(key)] if match)

    @lazy
    def interfaces(self) -> "dict[int, CorosyncSection]":
        """{number of the link: what its interface sections say together}."""
        key = "linknumber" if self.version >= 3 else "ringnumber"
        merged: "dict[int, CorosyncSection]" = {}
        for each in self.totem.named("interface"):
            section = merged.setdefault(whole(each.get(key), signed=True) or 0,
                                        corosyncconf.CorosyncSection(each.name, each.where))
            for name, (value, where) in each.values.items():
                section.put(name, value, where)
        return merged

    @property
    def links(self) -> "list[int]":
        """The numbers of the links in use: those of the nodes, and those of interface sections."""
        used = {one.link for one in self.addresses}
        for number, section in self.interfaces.items():
            if self.version >= 3 and self.transport != UDP:
                counts = any(key in _LINK_KEYS or key.startswith("knet_") for key in section.values)
            else:
                counts = section.get("bindnetaddr") is not None
            if counts:
                used.add(number)
        if self.version == 1:   # which counts sections, whatever their numbers
            used |= set(range(len(self.totem.named("interface"))))
        return sorted(used) or [0]

    def port(self, link: int) -> "int | None":
        """The UDP port of a link; None if it is no number."""
        section = self.interfaces.get(link)
        given = section.get("mcastport") if section else None
        if given is not None:
            return whole(given)
        return _PORT + (link if self.version >= 3 else 0)

    # -- names and addresses ---------------------------------------------------------

    @property
    def families(self) -> "tuple[int, ...]":
        """The IP versions that a name is resolved to, the preferred one first."""
        if self.version == 1:
            return (4, 6)
        default = "ipv6-4" if self.version >= 3 and self.transport != UDP else "ipv4"
        given = self.totem.get("ip_version") or default
        return {"ipv4": (4,), "ipv6": (6,), "ipv4-6": (4, 6)}.get(given, (6, 4))

    def resolved(self, text: str) -> "list[Address]":
        """The addresses of a name or address that corosync may choose; [] if it has none.

        :raises Unavailable: only a name server knows
        """
        try:
            return [ipaddress.ip_address(text)]
        except ValueError:
            pass
        if set(text) & set(" \t#"):
            return []
        words = self._host.hosts_file.get(text)
        if words is None:
            answer = self._host.answer("getent-" + text)
            words = [line.split()[0] for line in answer["stdout"].split("\n") if line.split()]
        found = _parsed(words)
        for family in self.families:
            chosen = [one for one in found if one.version == family]
            if family == 4 and self.families == (4,) and ipaddress.ip_address("::1") in found:
                chosen.append(ipaddress.ip_address("127.0.0.1"))    # as nss_files takes it
            if chosen:
                return chosen
        return []

    # -- encryption ------------------------------------------------------------------

    @property
    def crypto(self) -> "tuple[str, str]":
        """(cipher, hash) in use, "none" for no encryption and no authentication."""
        totem, secauth = self.totem, self.totem.get("secauth")
        if self.version == 1:
            return ("none", "none") if secauth == "off" else ("sober", "sha1")
        if self.version == 2:
            cipher, mac = ("none", "none") if secauth == "off" else ("aes256", "sha1")
        else:
            cipher, mac = ("aes256", "sha256") if secauth == "on" else ("none", "none")
        return totem.get("crypto_cipher") or cipher, totem.get("crypto_hash") or mac


def _parsed(words: "list[str]") -> "list[Address]":
    found = []
    for word in words:
        try:
            found.append(ipaddress.ip_address(word))
        except ValueError:
            continue
    return found
