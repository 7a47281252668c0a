# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of corosync.conf: which values corosync 1, 2 and 3 accept.

Sources: exec/coroparse.c (main_config_parser_cb), exec/totemconfig.c and exec/logconfig.c
(mainconfig.c in 1 and 2) of 1.4.9, 2.4.6 and 3.1.9; corosync.conf(5), votequorum(5). corosync 1
reads numbers with atoi and refuses none. A key that is not listed is stored and ignored.
"""

import difflib
import re

from dualstor.record import whole

_RING = re.compile(r"^ring[0-9]+_addr$")
_U8, _U16, _U32, _U64 = 8, 16, 32, 64


def _paths(section: str, names: str) -> "list[str]":
    return [f"{section}.{name}" for name in names.split()]


#: {path: bits of the unsigned number}, of corosync 2 and 3.
_NUMBERS: "dict[str, int]" = dict.fromkeys(
    _paths("totem", "version nodeid threads token token_coefficient token_retransmit hold "
           "token_retransmits_before_loss_const join send_join consensus merge downcheck "
           "fail_recv_const seqno_unchanged_const rrp_token_expired_timeout "
           "rrp_problem_count_timeout rrp_problem_count_threshold "
           "rrp_problem_count_mcast_threshold rrp_autorecovery_check_timeout "
           "heartbeat_failures_allowed max_network_delay window_size max_messages "
           "miss_count_const netmtu")
    + _paths("quorum", "expected_votes votes last_man_standing_window leaving_timeout")
    + _paths("quorum.device", "timeout sync_timeout votes")
    + _paths("nodelist.node", "nodeid quorum_votes")
    + ["pload.count", "pload.size", "resources.watchdog_timeout"], _U32)
_NUMBERS.update(dict.fromkeys(
    _paths("quorum", "two_node expected_votes_tracking allow_downscale wait_for_all "
           "auto_tie_breaker last_man_standing")
    + ["quorum.device.master_wins", "totem.interface.ttl"], _U8))
_NUMBERS.update({"totem.interface.mcastport": _U16, "totem.config_version": _U64})
#: Those that only one version reads.
_OLD = {"totem.interface.ringnumber": _U8}
_NEW = dict.fromkeys(_paths("totem", "token_warning knet_pmtud_interval knet_mtu "
                            "knet_compression_threshold")
                     + _paths("totem.interface", "knet_ping_interval knet_ping_timeout "
                              "knet_ping_precision knet_pong_count"), _U32)
_NEW.update({"totem.interface.linknumber": _U8, "totem.interface.knet_link_priority": _U8})
NUMBERS = {1: dict(_NUMBERS, **_OLD), 2: dict(_NUMBERS, **_OLD), 3: dict(_NUMBERS, **_NEW)}

_CIPHERS = ("none", "aes256", "aes192", "aes128")
_HASHES = ("none", "md5", "sha1", "sha256", "sha384", "sha512")
_MODES = ("none", "active", "passive")
_ON, _SWITCH = ("on", "off"), ("yes", "no", "on", "off")

#: {path: words that are accepted}, by version.
WORDS: "dict[int, dict[str, tuple[str, ...]]]" = {
    1: {"totem.rrp_mode": _MODES},
    2: {"totem.rrp_mode": _MODES, "totem.ip_version": ("ipv4", "ipv6"),
        "totem.crypto_cipher": _CIPHERS + ("3des",), "totem.crypto_hash": _HASHES,
        "totem.crypto_type": ("nss", "aes256", "aes192", "aes128", "3des"),
        "qb.ipc_type": ("native", "shm", "socket")},
    3: {"totem.ip_version": ("ipv4", "ipv6", "ipv6-4", "ipv4-6"),
        "totem.link_mode": ("passive", "active", "rr"),
        "totem.crypto_cipher": _CIPHERS, "totem.crypto_hash": _HASHES,
        "totem.crypto_model": ("nss", "openssl", "gcrypt"),
        "totem.knet_compression_model": ("none", "zlib", "lz4", "lz4hc", "lzo2", "lzma", "bzip2",
                                         "zstd"),
        "totem.interface.knet_transport": ("udp", "sctp"),
        "system.qb_ipc_type": ("native", "shm", "socket"), "system.sched_rr": ("yes", "no"),
        "system.move_to_root_cgroup": ("yes", "no", "auto"),
        "system.allow_knet_handle_fallback": ("yes", "no")},
}
for _version, _words in WORDS.items():
    _words.update(dict.fromkeys(_paths("logging", "fileline function_name blackbox"), _ON))
    _words["logging.timestamp"] = _ON + (("hires",) if _version >= 3 else ())
    for _section in ("logging", "logging.logger_subsys"):
        _words[_section + ".debug"] = _ON + ("trace",)
        _words.update(dict.fromkeys(_paths(_section, "to_stderr to_syslog to_logfile"), _SWITCH))

#: Checked after the file has been read, so only the value that counts.
LATE = {path for words in WORDS.values() for path in words if path.startswith("logging.")} | {
    "totem.rrp_mode", "totem.link_mode", "totem.interface.knet_transport"}

#: Keys with any text as value: with the above, all that corosync.conf(5) and its kin name.
_TEXTS = set(
    _paths("totem", "transport cluster_name cluster_uuid crypto_type crypto_accept secauth keyfile "
           "key vsftype clear_node_high_bit rrp_mode link_mode block_unlisted_ips "
           "cancel_token_hold_on_retransmit knet_compression_level token_warning")
    + _paths("totem.interface", "bindnetaddr mcastaddr broadcast linknumber ringnumber")
    + _paths("quorum", "provider auto_tie_breaker_node")
    + _paths("quorum.device", "model")
    + _paths("nodelist.node", "name")
    + _paths("logging", "logfile logfile_priority syslog_facility syslog_priority syslog_level "
             "blackbox tags to_file"))

#: All keys that any version reads.
_EVERY = _TEXTS.union(*NUMBERS.values()).union(*WORDS.values())
#: The sections that corosync itself reads, "" for the file as a whole; logging has other rules.
READ = ("", "totem", "totem.interface", "quorum", "quorum.device", "nodelist", "nodelist.node")


def refused(path: str, value: str, version: int) -> "str | None":
    """Why corosync refuses a value; None if it accepts it.

    :param path: the names of the sections and the key, with dots
    """
    words = WORDS[version].get(path)
    if words is not None and value not in words:
        return f"it is none of {', '.join(words)}"
    bits = NUMBERS[version].get(path) if version >= 2 else None
    if bits is None:
        return None
    number, limit = whole(value, signed=True), (1 << bits) - 1
    if number is None:
        return "it is no number"
    return None if 0 <= number <= limit else f"it is not between 0 and {limit}"


def _known(section: str, version: int) -> "set[str]":
    """The keys of a section that corosync reads; none of another."""
    paths = list(NUMBERS[version]) + list(WORDS[version]) + sorted(_TEXTS)
    known = {path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == section}
    return known | ({"ring0_addr"} if section == "nodelist.node" else set())


def astray(path: str, version: int) -> "str | None":
    """What is wrong with a key that corosync ignores and that is meant to be another; or None.

    A key that nothing resembles may be for another program: corosync stores it, and any may read.
    """
    section, _, name = path.rpartition(".")
    known = _known(section, version)
    if section not in READ or name in known or path in _EVERY or _RING.match(name):
        return None
    others = [other for other in READ if other and name in _known(other, version)]
    if others:
        return f"{name} has no effect here: it belongs into the section {' or '.join(others)}"
    close = difflib.get_close_matches(name, sorted(known), 1, 0.8)
    return f"corosync ignores {name}, which may be meant to be {close[0]}" if close else None
