# SPDX-License-Identifier: GPL-2.0-or-later
"""modprobe, udevadm, dd and the like."""

from simulator import drbd, kernelfiles, membership
from simulator.programs import program

_AVAILABLE = ("drbd", "dlm", "configfs", "dm_mod")


@program("modprobe")
def modprobe(call):
    """Loads a module that there is."""
    yield 0.1
    for name in [a for a in call.args if not a.startswith("-")][:1]:
        if name not in _AVAILABLE:
            call.err("modprobe: FATAL: Module %s not found in directory /lib/modules/6.1.0-50-amd64"
                     % name)
            return 1
        if name == "drbd":
            drbd.load_module(call.node)
        elif name not in call.node.modules:
            call.node.modules.append(name)
    return 0


@program("udevadm")
def udevadm(call):
    """udevadm settle, trigger."""
    yield 0.1
    return 0


@program("grep")
def grep(call):
    """Which library dlm_stonith opens."""
    yield 0.01
    call.out("\n".join(["libstonithd.so." + call.node.dlm_library] * 2))
    return 0


@program("ldconfig")
def ldconfig(call):
    """ldconfig -p: the libraries that there are."""
    yield 0.01
    for path in [membership.LIBRARIES + "56"] + call.node.links:
        call.out("\t%s (libc6,x86-64) => %s" % (path.rpartition("/")[2], path))
    return 0


@program("ln")
def ln(call):
    """ln -s TARGET PATH."""
    yield 0.01
    call.node.links.append(call.args[-1])
    return 0


@program("cat")
def cat(call):
    """One file of the kernel or of a daemon."""
    yield 0.01
    text = kernelfiles.resolve(kernelfiles.tree(call.cluster, call.node), call.args[0])
    if not isinstance(text, str):
        call.err("cat: %s: No such file or directory" % call.args[0])
        return 1
    call.stdout.append(text)
    return 0


@program("dd")
def dd(call):
    """Reads that are answered at once, but for those that DRBD or device-mapper hold back."""
    yield 0.01
    name = (call.value("if") or "").rpartition("/")[2]

    def mapping():
        return next((m for m in call.node.mappings.values() if "dm-%d" % m.minor == name), None)
    while mapping() is not None and (
            drbd.held_back(call.node, mapping().below) or mapping().suspended):
        if "dd" not in mapping().openers:
            mapping().openers.append("dd")
        call.unkillable = True
        yield 0.5
    if call.unkillable and mapping() is not None:
        mapping().openers[:] = [who for who in mapping().openers if who != "dd"]
    call.err("1+0 records in\n1+0 records out")
    return 0
