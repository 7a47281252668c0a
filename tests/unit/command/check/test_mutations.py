# SPDX-License-Identifier: GPL-2.0-or-later
"""One host's file with one word changed: a finding, or it means the same; never a traceback.

What is drawn depends on the file's name alone. Where both hosts must have the same file, each
change of its meaning is found, be it because the program refuses it or because the hosts differ.
"""

import random
import re

import pytest

from dualstor.command.check.judge import BROKEN

_DRAWN = 30
_TOKEN = re.compile(r"[^\s{};\"<>=/]+|[{};\"<>]")

#: What may be changed and means the same, by the end of the file's name: comments, how the cluster
#: engine logs, DRBD's usage count, a closing brace at the end, a glob that matches the same files.
_COMMENTS = (r"(?:^|(?<=\s))#[^\n]*", r"<!--.*?-->")
_MEANINGLESS = {
    "corosync.conf": _COMMENTS[:1] + (r"logging \{.*?\n\}",),
    "cluster.conf": _COMMENTS[1:] + (r'<\?xml version="1.0"\?>',),
    "drbd.conf": _COMMENTS[:1] + (r"(?<=\*)\.(?=res\")",),
    "global_common.conf": _COMMENTS[:1] + (r"\bglobal \{.*?\}", r"[\s}]+\Z"),
    "r0.res": _COMMENTS[:1] + (r"[\s}]+\Z",),
}
#: What each host may have of its own.
_OWN = ("lvm.conf", "hosts", "dlm.conf")


def mutated(text, rng):
    """The text with a word lost, repeated, misspelt or replaced by another, or with a line lost."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    begin, end = rng.choice(spans)
    other = slice(*rng.choice(spans))
    word, at = text[begin:end], rng.randrange(end - begin)
    lines = text.split("\n")
    lost = rng.randrange(len(lines))
    new = rng.choice(["", f"{word} {word}", word[:at] + word[at + 1:],
                      word[:at] + word[at:at + 2][::-1] + word[at + 2:], text[other], None])
    if new is None:
        return "\n".join(lines[:lost] + lines[lost + 1:])
    return text[:begin] + new + text[end:]


def meaning(path, text):
    """The words of a file, without what means nothing."""
    for pattern in _MEANINGLESS[path.rpartition("/")[2]]:
        text = re.sub(pattern, "", text, flags=re.DOTALL)
    return text.split()


def _files(name):
    common = ["/etc/drbd.conf", "/etc/drbd.d/global_common.conf", "/etc/drbd.d/r0.res",
              "/etc/lvm/lvm.conf", "/etc/hosts"]
    own = {"corosync": ["/etc/corosync/corosync.conf", "/etc/dlm/dlm.conf"],
           "cman": ["/etc/cluster/cluster.conf"]}
    return common + own[name]


@pytest.mark.parametrize("name, path", [
    (name, path) for name in ("corosync", "cman") for path in _files(name)])
def test_a_changed_word_is_found_or_means_the_same(good, name, path):
    rng = random.Random(path)
    old = good(name).trees[0].files[path]
    for new in [mutated(old, rng) for _ in range(_DRAWN)]:
        verdict = good(name).write(path, new, hosts=(0,)).verdict()
        assert [one.reason for one in verdict.unseen if one.reason.startswith(BROKEN)] == [], new
        if not verdict.findings and not path.endswith(_OWN):
            assert meaning(path, new) == meaning(path, old), new
