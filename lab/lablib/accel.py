# SPDX-License-Identifier: GPL-2.0-or-later
"""Hardware virtualisation where it really works: asked by booting the guests' kernel, since /dev/kvm alone says little."""
import hashlib
import json
import os
import platform
import signal
import subprocess
import tempfile
from collections import namedtuple
from pathlib import Path

from . import host, paths

LIMIT = 10.0
MARK = "lab: kernel runs"
DEVICE = Path("/dev/kvm")

Accelerator = namedtuple("Accelerator", "name arguments cpu why")
TCG = ("-accel", "tcg,thread=multi,tb-size=256")
KVM = ("-accel", "kvm")


def choose(image, progress, cache=None):
    """Returns the Accelerator for this host and image; the answer of the trial is kept in the cache.

    $DUALSTOR_LAB_ACCEL (kvm or tcg) decides without a trial.
    """
    wanted = os.environ.get("DUALSTOR_LAB_ACCEL")
    if wanted in ("kvm", "tcg"):
        return named(wanted, "DUALSTOR_LAB_ACCEL says so")
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        why = f"{DEVICE} does not exist" if not DEVICE.exists() else f"this user may not open {DEVICE}"
        return named("tcg", why)
    answers = (cache or paths.cache_directory()) / "accelerators.json"
    key = _key(image)
    try:
        known = json.loads(answers.read_text())
    except (OSError, ValueError):
        known = {}
    if key not in known:
        with progress.step(f"does KVM run a stock kernel here (at most {LIMIT:g} s)"):
            known[key] = probe(image)
        fresh = answers.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(known, indent=1))
        fresh.replace(answers)
    return named("kvm", "it runs") if known[key] else named("tcg", f"{DEVICE} does not run a stock kernel")


def named(name, why):
    """Returns the Accelerator of a name, "kvm" or "tcg"; why: a text for the status."""
    return Accelerator("kvm", KVM, "host", why) if name == "kvm" else Accelerator("tcg", TCG, "max", why)


def _key(image):
    """A word for everything that can change the answer: the host's kernel, QEMU, the image, who asks."""
    parts = (platform.release(), host.qemu_version(), image.name, str(os.getuid()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def probe(image, limit=LIMIT):
    """Whether KVM boots the image's kernel far enough to start a program, within `limit` seconds."""
    with tempfile.TemporaryDirectory(prefix="dualstor-lab-") as scratch:
        console = Path(scratch, "console")
        command = [
            host.find("qemu-system-x86_64"), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-M", "pc,usb=off,vmport=off", *KVM, "-cpu", "host", "-m", "256",
            "-kernel", str(image.kernel), "-initrd", str(image.initrd),
            "-append", "console=ttyS0 quiet lab.probe panic=-1",
            "-chardev", f"file,id=console,path={console}", "-device", "isa-serial,chardev=console",
        ]  # fmt: skip
        trial = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            trial.wait(limit)
        except subprocess.TimeoutExpired:
            trial.send_signal(signal.SIGKILL)
            trial.wait()
        return console.exists() and MARK in console.read_text(errors="replace")
