# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab: monitors of ours and of the stock agents side by side, and whole operations of both."""

import json
import os
import threading
import time

from lablib import Lab, wait_until

from model import actions

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = "/usr/lib/ocf/resource.d"
_PYTHON = "/usr/bin/python3"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

#: (label, provider/type, resource, parameters) of what is measured on a formed cluster.
_STOCK = (
    ("ocf:linbit:drbd", "linbit/drbd", "drbd", {"drbd_resource": "r0"}),
    ("ocf:heartbeat:lvmlockd", "heartbeat/lvmlockd", "clvmd", {}),
    ("ocf:heartbeat:LVM-activate", "heartbeat/LVM-activate", "vg0",
     {"vgname": "vg0", "vg_access_mode": "lvmlockd", "activation_mode": "shared"}))
_RESOURCES = {actions.DRBD: "drbd", actions.DAEMON: "clvmd", actions.GROUP: "vg0"}


def source(name):
    """What a program for the guests that lies beside this module has in it, as bytes."""
    with open(os.path.join(_HERE, name), "rb") as stream:
        return stream.read()


def _command(program, action, resource, environment):
    word = "monitor" if action == "probe" else action
    return {"argv": ["%s/%s" % (_ROOT, program), word],
            "environment": dict(environment, OCF_RESOURCE_INSTANCE=resource, PATH=_PATH,
                                OCF_RESOURCE_PROVIDER=program.partition("/")[0],
                                OCF_RESOURCE_TYPE=program.partition("/")[2])}


def monitors():
    """{label: command} of bare Python, our actions and the stock monitors."""
    found = {"bare python3 -I -S": {"argv": [_PYTHON, "-I", "-S", "-c", "pass"],
                                    "environment": {"PATH": _PATH}}}
    for agent, resource in _RESOURCES.items():
        program = "dualstor/" + agent
        for action in ("monitor", "probe", "meta-data"):
            values = actions.environ(agent, action, "node1")
            if action == "probe" and agent != actions.DAEMON:   # of a resource that is not there
                values["OCF_RESKEY_vgname" if agent == actions.GROUP
                       else "OCF_RESKEY_drbd_resource"] = "absent"
            elif action == "probe":
                continue    # its daemon is there
            found["%s %s" % (agent, action)] = _command(program, action, resource, values)
    for label, program, resource, parameters in _STOCK:
        values = {name: value for name, value in actions.environ(
            actions.DRBD, "monitor", "node1").items() if name != "OCF_RESKEY_drbd_resource"}
        values.update(("OCF_RESKEY_" + name, value) for name, value in parameters.items())
        found[label + " monitor"] = _command(program, "monitor", resource, values)
    return found


def measure(node, commands, rounds):
    """What measure.py in the guest tells of *commands*."""
    node.push("/tmp/measure.py", source("measure.py"))
    asked = json.dumps({"rounds": rounds, "commands": commands}).encode()
    return json.loads(node.ok([_PYTHON, "/tmp/measure.py"], 300, stdin=asked))


def many_devices(node, count):
    """Give the VG's name to *count* more devices of device-mapper, as that many LVs would have it."""
    uuid = node.ok("cat /sys/block/dm-0/dm/uuid").strip()[:36]
    table = ";".join("vg0-many%d,%s%032d,,rw,0 8 error" % (number, uuid, number)
                     for number in range(count))
    node.push("/tmp/many", table.encode())
    node.ok("udevadm control --stop-exec-queue; dmsetup create --noudevsync --concise \"$(cat /tmp/many)\""
            if count < 1000 else
            "udevadm control --stop-exec-queue; tr ';' '\\n' </tmp/many | split -l 200 - /tmp/many.; "
            "for f in /tmp/many.*; do dmsetup create --noudevsync --concise \"$(paste -sd';' $f)\"; done",
            240)


def operations(lab):
    """Seconds of each whole operation with the agents that the lab was formed with."""
    one, two = lab.nodes
    for node in lab.nodes:
        node.push("/tmp/wait.py", source("guest_wait.py"))
    found = {}

    def timed(name, work, *waits):
        began = time.monotonic()
        threads = [threading.Thread(target=node.ok, args=(
            "python3 -IS /tmp/wait.py %s 150" % what, 170)) for node, what in waits]
        work()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found.setdefault(name, []).append(time.monotonic() - began)

    def stop_all(value):
        return lambda: one.ok("crm_attribute --name stop-all-resources --update %s" % value)

    for _ in range(2):
        timed("stop of the whole stack", stop_all("true"), (one, "down"), (two, "down"))
        timed("start of the whole stack", stop_all("false"), (one, "up"), (two, "up"))
        lab.wait_formed()
    timed("standby of a node", lambda: one.ok(
        "crm_attribute --node node2 --name standby --update on --lifetime reboot"), (two, "down"))
    timed("back from standby", lambda: one.ok(
        "crm_attribute --node node2 --name standby --delete --lifetime reboot"), (two, "up"))
    lab.wait_formed()
    found["stall after a crash"] = [stall(lab)]
    return found


#: Writes to a shared LV for 60 s; prints the longest time between two writes that ended.
_WRITER = b"""
import mmap, os, time
device = os.open("/dev/vg0/lv0", os.O_RDWR | os.O_DIRECT | os.O_SYNC)
block = mmap.mmap(-1, 4096)
end, last, worst = time.monotonic() + 45, time.monotonic(), 0
open("/tmp/writing", "w").close()
while time.monotonic() < end:
    os.pwrite(device, block, 8192)
    now = time.monotonic()
    worst, last = max(worst, now - last), now
    time.sleep(0.02)
print(worst)
"""


def stall(lab):
    """Seconds for which writes on node1 stand still when node2 loses its power."""
    one, two = lab.nodes
    one.push("/tmp/writer.py", _WRITER)
    one.ok("rm -f /tmp/writing")
    result = []
    writer = threading.Thread(target=lambda: result.append(one.ok("python3 /tmp/writer.py", 120)))
    writer.start()
    wait_until(lambda: one.run("test -e /tmp/writing").rc == 0, "the writer", 20)
    time.sleep(2)
    two.kill()
    writer.join()
    return float(result[0])


def run(rounds, progress=print):
    """Figures of monitors in a guest: {"one": rows, "thousand": rows}."""
    lab = Lab()
    lab.formed("dualstor")
    lab.wait_formed()
    node = lab.node(1)
    commands = monitors()
    group = "%s monitor" % actions.GROUP
    figures = {}
    for _ in range(2):      # the first looks
        measure(node, {group: commands[group]}, 1)
    progress("monitors, one LV")
    figures["one"] = measure(node, commands, rounds)
    progress("monitors, 1000 more LVs")
    many_devices(node, 1000)
    few = {name: commands[name] for name in commands if name == group or name.startswith("bare")}
    measure(node, {group: commands[group]}, 1)
    figures["thousand"] = measure(node, few, rounds)
    lab.down()
    return figures


def scale(counts, windows, rounds, seconds=60, progress=print):
    """What the cluster manager's monitors cost, by the number of DRBD resources, each with its VG.

    :param windows: how often to count for so many *seconds*
    :returns: {"1": {"windows": [{node: what guest_monitors.py tells}], "one": figures of one
        monitor of each agent, run by hand}} by each of *counts*
    """
    figures = {}
    commands = {name: command for name, command in monitors().items()
                if name.startswith("bare") or name in ("%s monitor" % each for each in _RESOURCES)}
    for count in counts:
        lab = Lab()
        lab.formed("dualstor", count)
        lab.wait_formed()
        try:
            for node in lab.nodes:
                for name in ("measure.py", "guest_monitors.py"):
                    node.push("/tmp/" + name, source(name))
            watch = "%s /tmp/guest_monitors.py %%d %s" % (_PYTHON, " ".join(_RESOURCES))
            lab.each(lambda node: node.ok(watch % seconds, seconds + 60))   # the first looks
            found = {"windows": []}
            for number in range(windows):
                progress("%d resources, window %d" % (count, number + 1))
                told = lab.each(lambda node: json.loads(node.ok(watch % seconds, seconds + 60)))
                found["windows"].append(
                    {node.name: each for node, each in zip(lab.nodes, told)})
            progress("%d resources, monitors by hand" % count)
            found["one"] = measure(lab.node(1), commands, rounds)
            figures["%d" % count] = found
        finally:
            lab.down()
    return figures


def whole(agents):
    """Figures of whole operations with one set of agents ("dualstor" or "stock")."""
    lab = Lab()
    if agents == "dualstor":
        lab.formed(agents)
    else:
        lab.up(fresh=True)
        lab.form(agents)
    lab.wait_formed()
    try:
        return operations(lab)
    finally:
        lab.down()
