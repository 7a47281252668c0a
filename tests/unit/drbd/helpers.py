# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of DRBD share: golden files, a host that is written down."""

import os

from hypothesis import strategies as st

import paper
from dualstor.host.deadline import Deadline

DATA = os.path.join(os.path.dirname(__file__), "..", "..", "data", "drbd")
STATES = sorted(name for name in os.listdir(DATA) if os.path.isdir(os.path.join(DATA, name)))
#: All (state, node) of which there is a capture of /proc/drbd.
CAPTURES = [(s, n) for s in STATES for n in sorted(os.listdir(os.path.join(DATA, s)))]


def golden(*parts):
    """The text of a golden file; "" when the capture had none."""
    try:
        with open(os.path.join(DATA, *parts), encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def code(state, node, name):
    """The exit code of a captured command."""
    for line in golden(state, node, "INDEX").splitlines():
        words = line.split()
        if words[0] == name:
            return int(words[1].partition("=")[2])
    raise KeyError(name)


def captured(state, node, name):
    """(exit code, stdout, stderr) of a captured command."""
    return (code(state, node, name), golden(state, node, name + ".out"),
            golden(state, node, name + ".err"))


def mangled(texts):
    """Texts near to the real ones: cut off, with lines swapped, doubled or changed."""
    def change(drawn):
        text, start, end, other, put = drawn
        start, end = start % (len(text) + 1), end % (len(text) + 1)
        return text[:min(start, end)] + put + other[max(start, end):]
    return st.one_of(st.text(), st.tuples(
        st.sampled_from(texts), st.integers(0, 10 ** 6), st.integers(0, 10 ** 6),
        st.sampled_from(texts), st.text(max_size=4)).map(change))


class PaperHost(paper.PaperHost):
    """A host that is written down; functions of ``programs`` get the arguments alone."""

    def __init__(self, files=(), links=(), devices=(), programs=()):
        super().__init__(Deadline(60.0, lambda: 0.0), files, links, devices, {
            name: lambda argv, answer=answer: answer(argv[1:])
            for name, answer in dict(programs).items()})


def kernel_host(proc, by_res=(), **more):
    """A PaperHost with this /proc/drbd and {name below by-res: device}."""
    links = {"/dev/drbd/by-res/" + name: "../../" + device for name, device in dict(by_res).items()}
    return PaperHost({"/proc/drbd": proc, "/sys/module/drbd/version": "1\n"}, links, **more)
