# SPDX-License-Identifier: GPL-2.0-or-later
"""What quick monitors rest on, in a real kernel: device-mapper's list, fresh reads, a disk that does not answer."""
import json

import pytest

from lablib import cib, paths

pytestmark = pytest.mark.lab

LIBRARY = "import sys; sys.path.insert(0, '/usr/lib/ocf/lib')\n"
MONITORS = {
    "drbd-dualprimary": ({"OCF_RESKEY_drbd_resource": "r0"}, 8),
    "clvmd": ({}, 0),
    "clustered-vg": ({"OCF_RESKEY_vgname": cib.VG}, 0),
}


def python(node, code, timeout=60):
    return json.loads(node.ok(["python3", "-IS", "-c", LIBRARY + "import json\n" + code], timeout))


def listed(node):
    return python(
        node,
        "from dualstor.host.host import Host\nfrom dualstor.host.deadline import Deadline\nfrom dualstor.kernel import dmlist\n"
        "print(json.dumps(dmlist.listing(Host(Deadline(20)))))",
    )


@pytest.fixture
def mapped(machines):
    """node1 with two devices of device-mapper over its disk, one of them suspended, and open as a disk below DRBD is."""
    node = machines.node(1)
    node.ok("modprobe dm-mod && dmsetup create vg0-a --uuid LVM-$(printf %064d 1) --table '0 2048 linear /dev/vdb 0'")
    node.ok("dmsetup create vg0-b--c --table '0 2048 linear /dev/vdb 2048'")
    node.ok("(exec sleep 600 </dev/mapper/vg0-b--c >/dev/null 2>&1 & echo $! >/run/holder); dmsetup suspend vg0-b--c")
    yield node
    node.run("dmsetup resume vg0-b--c; kill $(cat /run/holder); dmsetup remove vg0-a; dmsetup remove --retry vg0-b--c")


def test_the_list_is_what_dmsetup_says(mapped):
    names = {line.split()[0] for line in mapped.ok("dmsetup ls").splitlines()}
    found = {name: (uuid, f"{major}:{minor}") for name, uuid, major, minor in listed(mapped)}
    assert set(found) == names == {"vg0-a", "vg0-b--c"}
    for name, (uuid, number) in found.items():
        told = mapped.ok(f"dmsetup info -c --noheadings --separator ' ' -o uuid,major,minor {name}").split()
        assert number == ":".join(told[-2:])
        assert uuid == (told[0] if len(told) == 3 else "")


def test_a_device_that_does_not_answer_is_given_up_and_holds_no_process(mapped):
    """The process that read ends, though the device is suspended for as long as the test likes."""
    code = (
        "from dualstor.host import freshread\n"
        "found = freshread.read('/dev/mapper/vg0-b--c', 4096, 512, 1.0)\n"
        "print(json.dumps(len(found) if isinstance(found, bytes) else repr(found)))"
    )
    assert python(mapped, code, 30) == "SILENT"
    assert mapped.run("ps -eo stat,args | grep '^[DZ].*freshread'").rc == 1
    mapped.ok("dmsetup resume vg0-b--c")
    assert python(mapped, code, 30) == 512


def test_what_is_written_below_a_device_is_read_past_its_cache(mapped):
    """As the peer's writes arrive below DRBD's disk: another way in than the one that is cached."""
    mapped.ok("dd if=/dev/vdb of=/dev/null bs=4096 count=2 status=none")
    mapped.ok("printf 'fresh metadata' | dd of=/dev/mapper/vg0-a bs=4096 seek=1 conv=fsync oflag=sync status=none")
    code = "from dualstor.host import freshread\nprint(json.dumps(freshread.read('/dev/vdb', 4096, 14, 5.0).decode()))"
    assert python(mapped, code) == "fresh metadata"


def test_fresh_reads_are_proven_on_this_kernel_with_this_python(machines):
    """The program that anybody can run; docs/performance.md has what it said where."""
    node = machines.node(1)
    node.ok("modprobe -a dm-mod dm-delay loop")
    node.push("/tmp/fresh_reads.py", (paths.PROJECT / "tests" / "contract" / "fresh_reads.py").read_bytes())
    done = node.run(["python3", "-IS", "/tmp/fresh_reads.py", "/usr/lib/ocf/lib"], 600)
    assert done.rc == 0, done.stdout + done.stderr
    assert "11 of 11 hold" in done.stdout


def test_monitors_of_a_healthy_cluster_start_no_process(whole):
    node = whole.node(1)
    for agent, (values, code) in MONITORS.items():
        environment = {
            "OCF_ROOT": "/usr/lib/ocf",
            "OCF_RESOURCE_INSTANCE": agent,
            "OCF_RESKEY_CRM_meta_interval": "20000",
            "OCF_RESKEY_CRM_meta_timeout": "60000",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            **values,
        }
        command = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
        command += ["strace", "-f", "-o", "/tmp/trace", "-e", "trace=process", f"/usr/lib/ocf/resource.d/dualstor/{agent}"]
        for _ in range(2):  # the first may have its full look
            assert node.run([*command, "monitor"]).rc == code
        calls = [line.split(None, 1)[1] for line in node.ok("cat /tmp/trace").splitlines()]
        made = [call for call in calls if call.startswith(("fork(", "vfork(", "clone(", "clone3("))]
        assert [call for call in made if "CLONE_THREAD" not in call] == [], "a thread is no process"
        assert sum(call.startswith("execve(") for call in calls) == 1
