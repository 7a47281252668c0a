# SPDX-License-Identifier: GPL-2.0-or-later
"""Saves both machines together, memory and disks, and brings them back as if no time had passed.

Both are halted before either is saved: inside, no timeout is noticed. A snapshot is only good for the image and the
machine options it was taken with, which it remembers. Those of each suite have a directory of their own.
"""
import hashlib
import json
import os
import re
import shutil
import time
from contextlib import ExitStack

from . import cib, payload
from .errors import LabError
from .machine import copy_disk
from .node import Node

# How many of each kind that a lab takes by itself are kept: a formed cluster of either set of agents, the same with writers on
# it, two blank machines.
KEEP = {"formed-": 3, "writing-": 3, "blank-": 1}
DISKS = ("data", "state")


def _folder(lab, name, suite=None):
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise LabError(f"{name!r} is no name for a snapshot: letters, digits, dot, dash and underscore only")
    return lab.cache / "snapshots" / (suite or lab.suite) / name


def exists(lab, name):
    """Whether there is a snapshot of that name, of the lab's suite."""
    return (_folder(lab, name) / "snapshot.json").exists()


def names(lab):
    """Returns [(name, about)] of all snapshots of the lab's suite, oldest first."""
    found = []
    for about in (lab.cache / "snapshots" / lab.suite).glob("*/snapshot.json"):
        if not about.parent.name.startswith("."):
            found.append((about.parent.name, json.loads(about.read_text())))
    return sorted(found, key=lambda each: each[1]["taken"])


def formed_name(lab, agents, resources):
    """Returns the name for a cluster freshly formed with these agents: a hash over all that it is made of."""
    product = payload.digest(payload.product(lab.package())) if agents == "dualstor" else ""
    return _name(lab, f"formed-{agents}", product, cib.base(cib.SETS[agents], resources),
                 cib.vg_addition(cib.SETS[agents], resources))


def writing_name(lab, agents, resources, writers):
    """Returns the name for such a cluster with writers on it: text of what was merged into its CIB for them."""
    return _name(lab, f"writing-{agents}", formed_name(lab, agents, resources), writers)


def blank_name(lab):
    """Returns the name for two machines that were just started with new disks, as formed_name does."""
    return _name(lab, "blank", payload.digest(payload.product(lab.package())))


def _name(lab, kind, *parts):
    built, options = lab.plan()
    configured = {**payload.configuration(), **lab.drbd_resources(1, built)}
    made_of = (built.name, options.text(), payload.digest(configured), *parts, *_overlay(lab, built))
    return f"{kind}-{hashlib.sha256(chr(0).join(made_of).encode()).hexdigest()[:16]}"


def _overlay(lab, of):
    """Returns the digest of what the user lays over the root of an image in a list, [] for nothing."""
    files = lab.overlaid(of)
    return [payload.digest(files)] if files else []


def save(lab, name):
    """Saves both running machines. Raises LabError when one does not run."""
    for node in lab.nodes:
        if not node.alive():
            raise LabError(f"{node.name} does not run: a snapshot is of both machines; `lab/lab start {node.name}`")
    target = _folder(lab, name, lab.image().suite)
    scratch = target.parent / f".{name}.{os.getpid()}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        with lab.progress.step(f"save both machines as {name}"):
            lab.each(lambda node: node.ok("sync"))
            with ExitStack() as quiet:
                for node in lab.nodes:
                    quiet.enter_context(node.agent.exclusive())
                for node in lab.nodes:
                    quiet.callback(node.machine.go)
                    node.machine.halt()
                lab.each(lambda node: _save_node(node, scratch))
        about = {
            "image": lab.image().name,
            "options": lab.options().text(),
            "cut": lab.state().get("cut", []),
            "agents": lab.agents,
            "resources": lab.resources,
            "overlay": _overlay(lab, lab.image()),
            "taken": time.time(),
        }
        (scratch / "snapshot.json").write_text(json.dumps(about, indent=1))
        shutil.rmtree(target, ignore_errors=True)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _save_node(node, folder):
    node.machine.save_memory(folder / f"{node.name}.memory")
    for disk in DISKS:
        copy_disk(getattr(node.machine, disk), folder / f"{node.name}.{disk}")


def load(lab, name):
    """Brings both machines back; those that run are ended. Raises LabError when the snapshot is foreign."""
    source = _folder(lab, name)
    if not exists(lab, name):
        known = ", ".join(each for each, _ in names(lab)) or "none"
        raise LabError(f"there is no snapshot {name} of {lab.suite}: known are {known}; `lab/lab snapshot {name}` takes one")
    about = json.loads((source / "snapshot.json").read_text())
    built, options = lab.plan()
    for what, had, has in (("images", about["image"], built.name), ("machines", about["options"], options.text()),
                           ("overlays", about.get("overlay", []), _overlay(lab, built))):
        if had != has:
            raise LabError(f"snapshot {name} was taken with other {what} ({had}, now {has}): take a new one")
    with lab.progress.step(f"load {name}"):
        for node in lab.nodes:
            node.machine.kill()
        lab.adopt(built, options, about["cut"], about["agents"], about.get("resources", 1))
        lab.start_fencer()
        lab.each(lambda node: _load_node(lab, node, source))
        for node in lab.nodes:
            lab.plug(node)
        for node in lab.nodes:
            node.machine.go()
        lab.each(Node.wait)
        # Their wall clocks stood still; the monotonic ones, which timeouts go by, need no help.
        lab.each(lambda node: node.run(f"date -u -s @{time.time():.3f}"))


def _load_node(lab, node, folder):
    node.machine.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for disk in DISKS:
        copy_disk(folder / f"{node.name}.{disk}", getattr(node.machine, disk))
    lab.launch(node, incoming=True)
    node.machine.load_memory(folder / f"{node.name}.memory")


def prune(lab):
    """Removes all but the newest snapshots that the lab took by itself with machines of its suite; those with names of the user's stay."""
    for kind, keep in KEEP.items():
        ours = [name for name, _ in names(lab) if name.startswith(kind)]
        for name in ours[: max(0, len(ours) - keep)]:
            shutil.rmtree(_folder(lab, name), ignore_errors=True)


