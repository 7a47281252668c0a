# SPDX-License-Identifier: GPL-2.0-or-later
"""Which words of DRBD's configuration are names: no keywords, numbers or addresses.

Source: drbd-utils, drbdadm_scanner.fl of the three generations.
"""

import re

from dualstor.tools.drbdtable import table

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.tools.drbdtree import Word

INTEGER = re.compile(r"[0-9]{1,8}[MKGs]?$")
PLAIN = re.compile(r"[A-Za-z0-9/._-]+$")
IPV4 = re.compile(r"([0-9]{1,3}\.){3}[0-9]{1,3}$")
_LENGTHS = {"8.3": 80}
_LENGTH = 128

#: Words that mean something wherever they are, and therefore are no names (the scanner's list).
_RESERVED = frozenset(
    "on stacked-on-top-of floating no net yes ask skip disk proxy minor inside syncer device "
    "global common outside address startup include handlers minor-count disable-ip-verification "
    "dialog-refresh resource meta-disk flexible-meta-disk usage-count _this_host _remote_host sci "
    "ssocks sdp ipv4 ipv6".split())
_RESERVED_SINCE = {
    "8.3": frozenset("ignore-on protocol".split()),
    "8.4": frozenset("ignore-on volume options alternate-link-address udev-always-use-vnr "
                     "cmd-timeout-short cmd-timeout-medium cmd-timeout-long".split()),
    "9": frozenset("via host hosts port volume options connection connection-mesh node-id path "
                   "outside-address template-file udev-always-use-vnr cmd-timeout-short "
                   "cmd-timeout-medium cmd-timeout-long _peer_node_id _cstate _unknown".split())}


def letters(word: "Word", generation: str) -> "str | None":
    """What is wrong with a word's characters, quotes allow all."""
    if word.quoted:
        return None
    if not PLAIN.match(word):
        odd = re.sub(r"[A-Za-z0-9/._-]", "", word)[:1]
        return f"\"{word}\" has the character {odd}, which needs quotes"
    longest = _LENGTHS.get(generation, _LENGTH)
    return f"\"{word[:20]}...\" is longer than {longest} characters" if len(word) > longest \
        else None


def keyword(word: "Word", generation: str) -> bool:
    """Whether it means something wherever it is; before DRBD 9 the names of options do, too."""
    if word.quoted:
        return False
    if word in _RESERVED or word in _RESERVED_SINCE[generation]:
        return True
    return generation != "9" and any(word in words for words in table(generation).values())


def name(word: "Word", generation: str) -> "str | None":
    """What is wrong with a word that must be a name: no keyword, number or address."""
    if keyword(word, generation) or not word.quoted and (INTEGER.match(word)
                                                          or IPV4.match(word)):
        return f"\"{word}\" is no name unless it is in quotes"
    return letters(word, generation)
