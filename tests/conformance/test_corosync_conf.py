# SPDX-License-Identifier: GPL-2.0-or-later
"""What corosync itself refuses in corosync.conf, and what ``check`` says of the same file.

``corosync -t`` reads the file and its totem section; votequorum reads the rest later.
"""

import os
import re
import socket
import subprocess

import pytest

from dualstor.command.check.rules import corosync_file, corosync_test
from dualstor.command.check.sources import collect
from dualstor.command.check.view.cluster import ClusterView
from dualstor.command.check.view.seen import Irrelevant, Unavailable

KNET = """\
totem {
	version: 2
	cluster_name: pair
	transport: knet
	token: 3000
	keyfile: %s
	crypto_cipher: aes256
	crypto_hash: sha256
	interface {
		linknumber: 0
		mcastport: 5407
	}
}
quorum {
	provider: corosync_votequorum
	two_node: 1
}
nodelist {
	node {
		name: %s
		nodeid: 1
		ring0_addr: 127.0.0.1
	}
	node {
		name: other
		nodeid: 2
		ring0_addr: 10.77.0.2
	}
}
logging {
	to_syslog: no
	logger_subsys {
		subsys: QUORUM
		debug: off
	}
}
"""
#: (what is replaced, by what): nothing, or another transport, comes first.
CHANGES = [
    ("", ""),
    # lines
    ("}\nquorum", "quorum"), ("}\nquorum", "}\n}\nquorum"), ("quorum {", "quorum {{"),
    ("quorum {", "quorum { # ours"), ("quorum {", "{"), ("}\nquorum", "} # end\nquorum"),
    ("}\nquorum", "} }\nquorum"), ("token: 3000", "token 3000"), ("token: 3000", "token: 3000\r"),
    ("logging {", "logging { debug: on }\nlogging {"), ("token: 3000", "# token: 3000"),
    ("token: 3000", "my token: 3000"), ("totem {", "a: b\ntotem {"), ("totem {", "totem: {"),
    ("token: 3000", "token:3000"), ("token: 3000", "name: " + "x" * 600),
    # values
    ("token: 3000", "token: 3000 # ms"), ("token: 3000", "token: 3s"),
    ("token: 3000", "token: -1"), ("token: 3000", "token: 4294967296"),
    ("token: 3000", "token: +3000"), ("token: 3000", "token: 20"), ("token: 3000", "token: 110"),
    ("token: 3000", "token: 3000\n\ttoken: x"), ("token: 3000", "token: x\n\ttoken: 3000"),
    ("token: 3000", "tokken: x"), ("token: 3000", "consensus: 40"), ("token: 3000", "join: 3700"),
    ("token: 3000", "join: 20"), ("token: 3000", "ip_version: ipv4-6"),
    ("token: 3000", "ip_version: 4"), ("token: 3000", "token_warning: 75"),
    ("aes256", "aes-256"), ("aes256", "3des"), ("aes256", "none"), ("sha256", "none"),
    ("crypto_hash: sha256", ""),
    ("crypto_cipher: aes256", ""), ("sha256", "sha-256"),
    ("crypto_cipher: aes256", "secauth: on"), ("knet", "carrier"), ("knet", "udpu"),
    ("version: 2", "version: 1"), ("version: 2", ""), ("token: 3000", "link_mode: active"),
    ("token: 3000", "link_mode: both"), ("token: 3000", "rrp_mode: both"),
    ("two_node: 1", "two_node: yes"), ("two_node: 1", "two_node: 256"),
    ("mcastport: 5407", "mcastport: 70000"), ("mcastport: 5407", "knet_transport: tcp"),
    ("mcastport: 5407", "knet_transport: sctp"), ("mcastport: 5407", "ttl: 2"),
    ("to_syslog: no", "to_syslog: maybe"), ("to_syslog: no", "timestamp: hires"),
    ("subsys: QUORUM\n", "\n"), ("subsys: QUORUM", "subsys: a b"),
    ("totem {", "uidgid {\n\tgid: root\n}\ntotem {"),
    ("totem {", "uidgid {\n\tuser: x\n}\ntotem {"),
    # nodes and links
    ("nodeid: 2", "nodeid: 1"), ("nodeid: 2", "nodeid: 01"), ("nodeid: 2", "nodeid: 0"),
    ("nodeid: 2", ""), ("nodeid: 2", "nodeid: 65536"), ("nodeid: 2", "nodeid: two"),
    ("10.77.0.2", "10.77.0.2\n\t\tring1_addr: 10.78.0.2"), ("10.77.0.2", "fd00::2"),
    ("10.77.0.2", "10.77.0.2 # the other"), ("linknumber: 0", "linknumber: 1"),
    ("linknumber: 0", "ringnumber: 1"), ("linknumber: 0", "linknumber: 8"),
    ("name: other", ""),
    ("logging {", "nodelist {\n\tnode {\n\t\tnodeid: 3\n\t}\n}\nlogging {"),
]
#: What changes first: two links, or a transport without encryption.
BASES = [(), (("127.0.0.1", "127.0.0.1\n\t\tring1_addr: 127.0.0.2"),
              ("10.77.0.2", "10.77.0.2\n\t\tring1_addr: 10.78.0.2")),
         (("knet", "udpu"), ("\tcrypto_cipher: aes256\n\tcrypto_hash: sha256\n", ""))]
#: What udpu accepts although the manual reserves it.
RESERVED = ("nodeid: 2", "nodeid: 0")


def refused(path):
    """Why corosync refuses a file; "" if it accepts it."""
    done = subprocess.run(["/usr/sbin/corosync", "-t", "-c", str(path)], check=False, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    return done.stderr + done.stdout if done.returncode else ""


def found(path, folder):
    """What the rules about refused files say of the same text."""
    etc, said = folder / "root/etc/corosync", folder / "root/dualstor-commands"
    for each in (etc, said):
        os.makedirs(each, exist_ok=True)
    (etc / "corosync.conf").write_bytes(path.read_bytes())
    (said / "corosync-version.out").write_text("Corosync Cluster Engine, version '3.1.7'\n")
    host = ClusterView([collect.copied(str(folder / "root"))]).hosts[0]
    texts = []
    for check in corosync_test.REFUSED:
        try:
            texts += [f"{each.where} {each.text}" for each in check(host)
                      if "loopback" not in each.text]
        except (Irrelevant, Unavailable):
            continue
    return texts


@pytest.mark.parametrize("base", range(len(BASES)), ids=["knet", "two links", "udpu"])
def test_check_refuses_what_corosync_refuses_and_nothing_else(base, tmp_path):
    key, path = tmp_path / "key", tmp_path / "corosync.conf"
    key.write_bytes(b"k" * 256)
    differ = []
    text = KNET % (key, socket.gethostname())
    for old, new in BASES[base]:
        text = text.replace(old, new)
    for old, new in CHANGES:
        if old not in text:
            continue
        path.write_bytes(text.replace(old, new, 1).encode())
        real, ours = refused(path), found(path, tmp_path)
        if bool(real) != bool(ours) and ((old, new) != RESERVED or "udpu" not in text):
            differ.append((old, new, re.sub(r".*\] ", "", real.strip()[:200]), ours))
    assert differ == []


def test_the_line_is_that_of_corosync(tmp_path):
    path = tmp_path / "corosync.conf"
    for old, new in CHANGES:
        path.write_bytes((KNET % ("/none", "here")).replace(old, new, 1).encode())
        match = re.search(r"parser error: \S+:([0-9]+): (.*)", refused(path))
        # of a section that lacks something corosync names the end, and check the beginning
        if match and not re.match("Missing clos|No subsys|Can't store key .logg", match.group(2)):
            assert f"corosync.conf:{match.group(1)} " in "\n".join(found(path, tmp_path)), new


def test_what_has_no_effect_is_accepted(tmp_path):
    path = tmp_path / "corosync.conf"
    path.write_text((KNET % ("/none", "here")).replace("token: 3000", "tokken: 4000"))
    assert "tokken" not in refused(path)
    found(path, tmp_path)
    host = ClusterView([collect.copied(str(tmp_path / "root"))]).hosts[0]
    assert [each.where.line for each in corosync_file.no_effect(host)] == [5]
