# SPDX-License-Identifier: GPL-2.0-or-later
"""corosync's encryption and key. Source: exec/totemconfig.c (totem_get_crypto, keyread)."""

from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.corosync import KNET

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView

_AUTHKEY = "/etc/corosync/authkey"


@rule("COROSYNC-CRYPTO", WARNING, "the nodes authenticate each other",
      why="Otherwise every host on that network can join the cluster, or fence its nodes.",
      fix="set `crypto_cipher: aes256` and `crypto_hash: sha256` (corosync 1: `secauth: on`) in "
          "the totem section, with transport knet in corosync 3, and make a key: `corosync-keygen`")
def crypto(host: "HostView") -> "Findings":
    if host.corosync.crypto == ("none", "none"):
        yield found(host.corosync.totem.where,
                    "neither secauth nor crypto_cipher and crypto_hash are on")


@rule("COROSYNC-CRYPTO-OPTIONS", ERROR, "the encryption options fit together",
      why="corosync does not start with encryption but no authentication, and corosync 3 not with "
          "either on a transport other than knet.",
      fix="set `crypto_cipher: aes256`, `crypto_hash: sha256` and, in corosync 3, "
          "`transport: knet` in the totem section on both hosts")
def options(host: "HostView") -> "Findings":
    corosync, totem = host.corosync, host.corosync.totem
    if corosync.accepted:
        return
    cipher, mac = corosync.crypto
    if mac == "none" and cipher != "none":
        yield found(totem.at("crypto_cipher"),
                    f"crypto_cipher is {cipher}, and crypto_hash is "
                    f"{totem.get('crypto_hash', 'not set')}")
    elif corosync.version >= 3 and corosync.transport != KNET and mac != "none":
        yield found(totem.at("transport"), f"transport is {corosync.transport}; corosync 3 "
                                           "encrypts and authenticates only with knet")


@rule("COROSYNC-AUTHKEY", ERROR, "the cluster's key exists",
      why="With encryption on and no key, corosync does not start.",
      fix="`corosync-keygen` on one host, then copy {file} to the other, readable by root only")
def authkey(host: "HostView") -> "Findings":
    totem = host.corosync.totem
    if host.corosync.crypto == ("none", "none") or totem.get("key") is not None:
        return
    path = totem.get("keyfile") or _AUTHKEY
    if not host.kind(path):
        yield found(Where(path), "the file is missing")
