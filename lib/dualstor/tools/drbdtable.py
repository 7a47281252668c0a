# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be in DRBD's configuration: sections, options, values, by generation.

One line per word: its section, the word, what follows it, and the generations that have it, all
if none is named. Sources: drbd.conf(5) and ``drbdsetup xml-help`` of 8.3, 8.4 and 9, and what
drbd-utils' parsers of the three accept; a range is the widest of its generation's releases.

What follows a word: ``1..600`` a number (``k:`` in KiB, ``s:`` in sectors of 512 bytes),
``A|B`` one of these words (``~`` whatever their case), ``bool``, ``flag`` nothing, ``text``
(``text<64``: shorter than 64), ``{net}`` the section net; words in capitals are explained in
``drbdvalues``.
"""

from dualstor.record import Record

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

GENERATIONS = ("9", "8.4", "8.3")

#: Families of addresses; those of Dolphin and InfiniBand are not TCP over IP.
FAMILIES = ("ipv4", "ipv6", "ssocks", "sci", "sdp")
NOT_TCP = ("ssocks", "sci", "sdp")

_TABLE = """
top global {global}
top common {common}
top resource NAME{resource}
top skip ANY{skip}
top include STRING
top require-drbd-module-version-eq VERSION @9
top require-drbd-module-version-ne VERSION @9
top require-drbd-module-version-gt VERSION @9
top require-drbd-module-version-ge VERSION @9
top require-drbd-module-version-lt VERSION @9
top require-drbd-module-version-le VERSION @9

global usage-count yes|no|ask
global minor-count 1..255
global dialog-refresh 0..600
global disable-ip-verification flag
global udev-always-use-vnr flag @8.4 9
global cmd-timeout-short 0..900 @8.4 9
global cmd-timeout-medium 0..900 @8.4 9
global cmd-timeout-long 0..900 @8.4 9

common,resource protocol A|B|C~
common,resource net {net}
common,resource disk {disk}
common,resource syncer {syncer}
common,resource startup {startup}
common,resource handlers {handlers}
common,resource proxy {proxy}
common,resource options {options} @8.4 9
common,resource skip ANY{skip} @9
common,resource device DEVICE
common,resource disk STRING
common,resource meta-disk METADISK
common,resource flexible-meta-disk STRING
common,resource volume VOLUME{volume} @8.4 9
common,resource template-file STRING @9
common,resource ignore-on STRING @8.3 8.4
resource on NAMES{on}
resource floating ADDRESS
resource floating ADDRESS{floating}
resource stacked-on-top-of NAME{stacked}
common,resource connection OPTIONAL{connection} @9
common,resource connection-mesh {mesh} @9

on address ADDRESS
on alternate-link-address ADDRESS @8.4
on,floating device DEVICE
on,floating disk STRING
on,floating disk {disk} @8.4 9
on,floating meta-disk METADISK
on,floating flexible-meta-disk STRING
on,floating volume VOLUME{volume} @8.4 9
on,floating proxy PROXY{proxy-host}
on,floating options {options} @8.4 9
on,floating node-id NODE @9
on,floating skip ANY{skip} @9

stacked device DEVICE
stacked address ADDRESS
stacked alternate-link-address ADDRESS @8.4
stacked proxy PROXY{proxy-host}
stacked volume VOLUME{stacked-volume} @8.4 9
stacked node-id NODE @9

volume device DEVICE @8.4 9
volume disk STRING @8.4 9
volume disk {disk} @8.4 9
volume meta-disk METADISK @8.4 9
volume flexible-meta-disk STRING @8.4 9
volume skip ANY{skip} @9
volume tiebreaker yes|no @9
stacked-volume device DEVICE @8.4 9
stacked-volume disk {disk} @9

connection,path host HOST @9
connection,path host HOST{proxy-host} @9
connection,path address ADDRESS @9
connection,path address HOST{proxy-host} @9
connection net {net} @9
connection disk {peer-disk} @9
connection volume VOLUME{peer-volume} @9
connection path {path} @9
connection skip ANY{skip} @9
peer-volume disk {peer-disk} @9
mesh hosts NAMES @9
mesh net {net} @9

proxy-host inside ADDRESS
proxy-host outside ADDRESS
proxy-host options {proxy} @8.4 9
proxy memlimit text
proxy read-loops text
proxy compression text
proxy bwlimit text @8.4 9
proxy sndbuf-size 0..134217728
proxy rcvbuf-size 0..134217728
proxy ping-timeout 1..300
proxy plugin {skip}
proxy proxy {skip} @9

handlers pri-on-incon-degr text
handlers pri-lost-after-sb text
handlers pri-lost text
handlers initial-split-brain text
handlers split-brain text
handlers outdate-peer text
handlers fence-peer text
handlers unfence-peer text @8.4 9
handlers local-io-error text
handlers before-resync-target text
handlers after-resync-target text
handlers before-resync-source text
handlers out-of-sync text
handlers quorum-lost text @9
handlers disconnected text @9

startup wfc-timeout 0..300000
startup degr-wfc-timeout 0..300000
startup outdated-wfc-timeout 0..300000
startup wait-after-sb bool
startup stacked-timeouts flag
startup become-primary-on NAMES @8.3 8.4
startup become-primary-on ANY @9

options cpu-mask text<256
options on-no-data-accessible io-error|suspend-io
options auto-promote bool @9
options peer-ack-window s:2048..204800 @9
options peer-ack-delay 1..10000 @9
options twopc-timeout 50..600 @9
options twopc-retry-timeout 1..50 @9
options auto-promote-timeout 0..600 @9
options max-io-depth 4..4294967295 @9
options quorum off|majority|all|1..32 @9
options on-no-quorum io-error|suspend-io @9
options quorum-minimum-redundancy off|majority|all|1..32 @9
options on-suspended-primary-outdated disconnect|force-secondary @9
options drbd8-api-compatibility bool @9

net protocol A|B|C~ @8.4 9
net timeout 1..600
net max-epoch-size 1..20000
net max-buffers 32..131072
net unplug-watermark 1..131072 @8.3 8.4
net connect-int 1..120
net ping-int 1..120
net ping-timeout 1..100 @8.3
net ping-timeout 1..300 @8.4 9
net sndbuf-size 0..10485760 @8.3 8.4
net sndbuf-size 0..134217728 @9
net rcvbuf-size 0..10485760 @8.3 8.4
net rcvbuf-size 0..134217728 @9
net ko-count 0..200
net allow-two-primaries bool
net cram-hmac-alg text<64
net shared-secret text<64
net after-sb-0pri AFTERSB0 @8.3 8.4
net after-sb-0pri disconnect|discard-younger-primary|discard-older-primary|\
discard-zero-changes|discard-least-changes|discard-local|discard-remote @9
net after-sb-1pri disconnect|consensus|discard-secondary|call-pri-lost-after-sb|violently-as0p
net after-sb-2pri disconnect|call-pri-lost-after-sb|violently-as0p
net always-asbp bool
net rr-conflict disconnect|call-pri-lost|violently @8.3 8.4
net rr-conflict disconnect|call-pri-lost|violently|retry-connect|auto-discard @9
net data-integrity-alg text<64
net tcp-cork bool @8.4 9
net no-tcp-cork flag @8.3 8.4
net on-congestion block|pull-ahead|disconnect
net congestion-fill s:0..20971520
net congestion-extents 7..3833 @8.3
net congestion-extents 67..65534 @8.4 9
net csums-alg text<64 @8.4 9
net csums-after-crash-only bool @8.4 9
net verify-alg text<64 @8.4 9
net use-rle bool @8.4 9
net socket-check-timeout 0..300 @8.4 9
net fencing dont-care|resource-only|resource-and-stonith @9
net allow-remote-read bool @9
net tls bool @9
net tls-keyring text @9
net tls-privkey text @9
net tls-certificate text @9
net rdma-ctrl-rcvbuf-size 0..10485760 @9
net rdma-ctrl-sndbuf-size 0..10485760 @9
net transport text<64 @9
net load-balance-paths bool @9
net _name text<64 @9

disk size s:0..34359738368 @8.3
disk size s:0..4398046511104 @8.4 9
disk on-io-error pass_on|call-local-io-error|detach
disk fencing dont-care|resource-only|resource-and-stonith
disk disk-timeout 0..6000
disk max-bio-bvecs 0..128 @8.3 8.4
disk use-bmbv flag @8.3
disk use-bmbv bool @8.4
disk no-disk-barrier flag @8.3 8.4
disk no-disk-flushes flag @8.3 8.4
disk no-disk-drain flag @8.3 8.4
disk no-md-flushes flag @8.3 8.4
disk disk-barrier bool @8.4 9
disk disk-flushes bool @8.4 9
disk disk-drain bool @8.4 9
disk md-flushes bool @8.4 9
disk resync-after text @8.4 9
disk after text @8.4
disk al-extents NUMBER @8.4 9
disk al-updates bool @8.4 9
disk discard-zeroes-if-aligned bool @8.4 9
disk disable-write-same bool @8.4 9
disk read-balancing prefer-local|prefer-remote|round-robin|least-pending|\
when-congested-remote|32K-striping|64K-striping|128K-striping|256K-striping|512K-striping|\
1M-striping @8.4 9
disk rs-discard-granularity 0..1048576 @8.4 9
disk rate k:1..4194304 @8.4
disk resync-rate k:1..4194304 @8.4
disk,peer-disk resync-rate k:1..8388608 @9
disk,peer-disk c-plan-ahead 0..300 @8.4 9
disk,peer-disk c-delay-target 1..100 @8.4 9
disk,peer-disk c-fill-target s:0..1048576 @8.4 9
disk,peer-disk c-max-rate k:250..4194304 @8.4
disk,peer-disk c-max-rate k:0..4194304 @9
disk,peer-disk c-min-rate k:0..4194304 @8.4 9
disk,peer-disk bitmap bool @9
disk,peer-disk resync-without-replication bool @9
disk,peer-disk peer-tiebreaker bool @9
disk max-bio-size 512..1048576 @9
disk diskless bool @9
disk block-size 512..4096 @9
disk discard-granularity 0..134217728 @9

syncer rate k:1..4194304
syncer after text
syncer resync-rate k:1..8388608 @9
syncer resync-after text @9
syncer al-extents 7..3833 @8.3
syncer al-extents NUMBER @8.4 9
syncer csums-alg text<64
syncer verify-alg text<64
syncer cpu-mask text<256
syncer use-rle bool
syncer on-no-data-accessible io-error|suspend-io
syncer c-plan-ahead 0..300
syncer c-delay-target 1..100
syncer c-fill-target s:0..1048576
syncer c-max-rate k:250..4194304 @8.3 8.4
syncer c-max-rate k:0..4194304 @9
syncer c-min-rate k:0..4194304
syncer delay-probe-volume text @8.3
syncer delay-probe-interval text @8.3
syncer throttle-threshold text @8.3
syncer hold-off-threshold text @8.3
"""

#: Sections whose contents are not read.
UNREAD = ("skip",)

#: (section, word) that may be there only once.
ONCE = frozenset(
    [(section, word) for section in ("common", "resource") for word in
     ("protocol", "net", "disk {", "syncer", "startup", "handlers", "proxy", "options", "device")]
    + [(section, word) for section in ("on", "floating") for word in
       ("address", "device", "disk", "meta-disk", "node-id")] + [("connection", "net")])


class Entry(Record):
    """What may follow a word: ``value``, and the section that it opens, None for a statement."""

    value: str
    opens: "str | None" = None


def _entries(generation: str) -> "Iterator[tuple[str, str, Entry]]":
    """(section, word, Entry) of all lines for a generation."""
    for line in _TABLE.replace("\\\n", "").split("\n"):
        entry, _, generations = line.partition(" @")
        words = entry.split()
        if words and (not generations or generation in generations.split()):
            value, _, opens = words[2].partition("{")
            for section in words[0].split(","):
                yield section, words[1], Entry(value=value, opens=opens.rstrip("}") or None)


_KNOWN: "dict[str, dict[str, dict[str, list[Entry]]]]" = {}


def table(generation: str) -> "dict[str, dict[str, list[Entry]]]":
    """{section: {word: what may follow it}} of a generation."""
    if generation not in _KNOWN:
        found: "dict[str, dict[str, list[Entry]]]" = {}
        for section, word, entry in _entries(generation):
            found.setdefault(section, {}).setdefault(word, []).append(entry)
        _KNOWN[generation] = found
    return _KNOWN[generation]


def choices(generation: str, section: str, option: str) -> "tuple[str, ...]":
    """The words that an option can have as its value, in the order of the table."""
    return tuple(table(generation)[section][option][0].value.rstrip("~").split("|"))
