# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces, sockets and processes of this host, with psutil and without it."""

import ipaddress
import json
import os
import socket
import sys

import pytest

from dualstor.command.check.filters.packet import Packet
from dualstor.command.check.sources import answers, collect, local, wanted
from dualstor.command.check.view import network, sockets
from dualstor.command.check.view.seen import Seen, Unavailable

OWN = ipaddress.ip_address("10.78.0.1")


@pytest.fixture
def without(monkeypatch):
    """A host without psutil."""
    monkeypatch.setitem(sys.modules, "psutil", None)


def seen(**outputs):
    """A host on which commands print this."""
    tree = collect.Tree(
        name="node1", source="test", files={}, unreadable={}, paths={}, aliases={}, programs={},
        commands={name.replace("_", "-"): {"argv": name, "returncode": 0, "stdout": text,
                                           "stderr": ""} for name, text in outputs.items()},
        silent={"sockets": f"sockets: {local.LACKING}"})
    return Seen(tree)


def test_this_hosts_addresses():
    pytest.importorskip("psutil")
    found = network.links(seen(interfaces=local.interfaces()))
    assert ("lo", ipaddress.ip_interface("127.0.0.1/8")) in found


def test_who_waits_on_this_host():
    pytest.importorskip("psutil")
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        rows = json.loads(local.sockets())
        wanted_rows = [["tcp", *tcp.getsockname()], ["udp", *udp.getsockname()]]
        assert all(row in [each[:3] for each in rows] for row in wanted_rows)
        own = next(row for row in rows if row[:3] == wanted_rows[0])
    assert own[3], "the program has a name"


def test_this_process_is_found():
    pytest.importorskip("psutil")
    found = local.command_lines()
    assert any(os.path.basename(sys.executable) in os.path.basename(words[0]) for words in found)


def test_without_psutil_it_is_said(without):
    assert (local.interfaces(), local.sockets(), local.command_lines()) == (None, None, None)
    host = collect.Host(collect.Deadline(9.0))
    live = answers.Live(host)
    live.local()
    assert "python3-psutil" in live.silent["sockets"] and "psutil" in live.silent["interfaces"]
    assert live.commands["daemons"]["returncode"] == 0


def test_the_daemons_are_found_either_way(monkeypatch):
    pytest.importorskip("psutil")
    with open("/proc/self/cmdline") as stream:
        words = stream.read().rstrip("\0").split("\0")
    monkeypatch.setattr(wanted, "DAEMONS", (os.path.basename(words[0]),))
    host = collect.Host(collect.Deadline(9.0))
    assert " ".join(words).strip() in answers._daemons(host)
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert " ".join(words).strip() in answers._daemons(host)


SS = """\
udp   UNCONN 0      0      10.77.0.1:5405   0.0.0.0:*    users:(("corosync",pid=1042,fd=24))
udp   UNCONN 0      0      127.0.0.1%lo:53  0.0.0.0:*    users:(("systemd-resolve",pid=1,fd=9))
tcp   LISTEN 0      5      10.78.0.1:7788   0.0.0.0:*
tcp   LISTEN 0      9           [::]:2224      [::]:*    users:(("pcsd",pid=1,fd=1),("x",pid=2))
tcp   LISTEN 0      9              *:80           *:*    users:(("httpd",pid=3,fd=4))
"""


def test_ss_is_read():
    found = sockets.listeners(seen(ss=SS))
    assert [(one.protocol, str(one.address), one.port, one.program) for one in found] == [
        ("udp", "10.77.0.1", 5405, "corosync"), ("udp", "127.0.0.1", 53, "systemd-resolve"),
        ("tcp", "10.78.0.1", 7788, ""), ("tcp", "None", 2224, "pcsd"), ("tcp", "None", 80, "httpd")]


@pytest.mark.parametrize("row, takes", [
    (["tcp", "10.78.0.1", 7788, "x"], True), (["tcp", "0.0.0.0", 7788, "x"], True),
    (["tcp", "::", 7788, "x"], True), (["tcp", "::ffff:10.78.0.1", 7788, "x"], True),
    (["tcp", "127.0.0.1", 7788, "x"], False), (["udp", "10.78.0.1", 7788, "x"], False),
    (["tcp", "10.78.0.1", 7789, "x"], False)])
def test_which_socket_gets_a_packet(row, takes):
    one, = sockets.listeners(seen(sockets=json.dumps([row])))
    packet = Packet(protocol="tcp", port=7788, destination=OWN)
    assert one.takes(packet.protocol, packet.destination, packet.port) is takes


@pytest.mark.parametrize("text", ["", "{", "[1]", "[[1, 2]]", "null"])
def test_another_form_is_not_checked(text):
    with pytest.raises(Unavailable):
        sockets.listeners(seen(sockets=text))


def test_neither_psutil_nor_ss():
    with pytest.raises(Unavailable, match="python3-psutil.*ss was not run"):
        sockets.listeners(seen())


@pytest.mark.parametrize("outputs", [
    {"ip_json": '[{"ifname": "eth1", "addr_info": [{"local": "10.0.0.1", "prefixlen": 24}]}]'},
    {"ip_json": "not JSON", "ip_addr": "3: eth1    inet 10.0.0.1/24 scope global eth1\\ x\n"},
    {"ip_addr": "3: eth1@if4    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth1\n"},
    {"interfaces": "[]", "ip_addr": "3: eth1: inet 10.0.0.1/24\n"}])
def test_addresses_by_any_program(outputs):
    assert network.links(seen(**outputs)) == (("eth1", ipaddress.ip_interface("10.0.0.1/24")),)
