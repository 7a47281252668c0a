# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration: a formed cluster, a picture of it, and the proof that LVs and data cross between the nodes."""
import shlex
import sys
import time

from . import cib
from .errors import LabError
from .waiting import Unmet, wait_until

# A new LV shows up on the other node at that node's next monitor.
CROSSING = 150
BLOCK = 4096


class Paper:
    """Prints the picture; colour only on a terminal."""

    def __init__(self, stream=None):
        self.stream = stream or sys.stdout
        self.colour = self.stream.isatty()

    def line(self, text=""):
        """Prints a line."""
        print(text, file=self.stream, flush=True)

    def title(self, text):
        """Prints a heading."""
        self.line()
        self.line(f"\033[1m{text}\033[0m" if self.colour else text)

    def good(self, text):
        """Returns a word for a healthy cluster."""
        return f"\033[32m{text}\033[0m" if self.colour else text


def show(lab, from_nothing=False, paper=None):
    """Forms the cluster (or loads the snapshot of a formed one), draws it, and proves that it works.

    Leaves the lab running. Raises LabError when the proof fails.
    """
    paper = paper or Paper()
    began = time.monotonic()
    if from_nothing:
        lab.up(fresh=True)
        lab.form()
    else:
        lab.formed()
        lab.wait_formed()
    picture(lab, paper)
    prove(lab, paper)
    paper.line()
    paper.line(f"{time.monotonic() - began:.0f} s in all. The lab is up:")
    paper.line("  explore         lab/lab exec node1 'crm_mon -1'      lab/lab status      lab/lab console node1")
    paper.line("  break things    lab/lab kill node2                   lab/lab start node2 lab/lab cut replication")
    paper.line("  stop it         lab/lab down")


def picture(lab, paper):
    """Draws both nodes side by side, each as its own kernel and tools see it."""
    columns = lab.each(_portrait)
    width = max(len(line) for line in columns[0]) + 4
    paper.title("Two nodes, one volume group")
    left, right = columns
    for index in range(max(len(left), len(right))):
        one = left[index] if index < len(left) else ""
        two = right[index] if index < len(right) else ""
        paper.line(f"  {one:<{width}}{two}".rstrip())


def _portrait(node):
    drbd = node.drbd()
    if drbd is None:
        raise LabError(f"DRBD is not configured on {node.name}: `lab/lab logs {node.name}`")
    seen = node.cluster()
    kernel = node.ok("uname -r").strip()
    active = node.ok("dmsetup ls").split()
    lvs = sorted(word for word in active if word.startswith(f"{cib.VG}-"))
    resources = sorted(
        (each.resource, each.role, each.agent) for each in seen.instances if each.node == node.name and each.active
    )
    return [
        node.name,
        f"  Linux {kernel}",
        f"  cluster   {'quorate' if seen.quorate else 'without quorum'}, online: {' '.join(sorted(seen.online))}",
        f"  DRBD r0   {drbd.role}, {drbd.disk}, {drbd.connection}",
        f"  VG {cib.VG}    active here: {' '.join(name[len(cib.VG) + 1:] for name in lvs) or 'nothing'}",
        *(f"  {name:<11} {role:<9} {agent}" for name, role, agent in resources),
    ]


def prove(lab, paper):
    """Makes an LV on each node and waits for it on the other; writes a block on one node and reads it on the other."""
    paper.title("The proof")
    one, two = lab.nodes
    for maker, other, name in ((one, two, "demo1"), (two, one, "demo2")):
        maker.ok(["lvcreate", "--yes", "--wipesignatures", "n", "-L", "8M", "-n", name, cib.VG])
        began = time.monotonic()
        path = f"/dev/{cib.VG}/{name}"
        wait_until(lambda: _active(other, path), f"{path}, made on {maker.name}, to be active on {other.name}", CROSSING)
        _report(paper, f"lvcreate {cib.VG}/{name} on {maker.name}: active on {other.name}", began)
        for writer, reader in ((maker, other), (other, maker)):
            began = time.monotonic()
            _cross(writer, reader, path)
            _report(paper, f"a block of {cib.VG}/{name} written on {writer.name}: read on {reader.name}", began)


def _active(node, path):
    """Whether the device is there and usable, asked of the kernel: an LVM command could bring it about."""
    return node.run(["blockdev", "--getsize64", path]).rc == 0 or Unmet(f"no {path} on {node.name}")


def _cross(writer, reader, path):
    word = f"written on {writer.name} at {time.time():.6f}".encode()
    block = word.ljust(BLOCK, b".")
    quoted = shlex.quote(path)
    writer.ok(f"dd of={quoted} bs={BLOCK} count=1 iflag=fullblock oflag=direct conv=fsync status=none", stdin=block)
    read = reader.ok(f"dd if={quoted} bs={BLOCK} count=1 iflag=direct status=none").encode()
    if read != block:
        raise LabError(f"{reader.name} reads {read[:60]!r} from {path}, but {writer.name} wrote {block[:60]!r}")


def _report(paper, text, began):
    paper.line(f"  {paper.good('ok')}  {text:<66} {time.monotonic() - began:5.1f} s")
