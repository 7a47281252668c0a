# SPDX-License-Identifier: GPL-2.0-or-later
"""A node that is written down, served on stdin and stdout: what a Link in a test starts."""

import json
import os
import sys

from dualstor.host.deadline import Deadline
from dualstor.host.run import Completed
from dualstor.recover import serve
from paper import PaperHost
from unit.recover.helpers import golden
from unit.recover.test_segments import LVS, STRIPED, TWO, VGS

PROC = """\
version: 8.4.11 (api:1/proto:86-101)
srcversion: F73C670A7EC572DB9CF3E5B
 0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown   r-----
    ns:0 nr:0 dw:34655 dr:87104 al:12 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:352
"""
CONFIGURATION = """\
resource r0 {
    on node1 { device /dev/drbd0 minor 0; disk /dev/vdb; meta-disk internal;
               address ipv4 10.78.0.1:7788; }
    on node2 { device /dev/drbd0 minor 0; disk /dev/vdb; meta-disk internal;
               address ipv4 10.78.0.2:7788; }
    net { after-sb-1pri disconnect; %s}
}
"""
#: What common has: in a dump of one resource only with --dry-run.
COMMON = "verify-alg crc32c; %s"
VOLUMES = "  lvA|PUajU4|-wi-a-----||linear|12582912|10|active\n" \
          "  lvB|94GYk6|-wi------k||linear|8388608|10|\n" \
          "  lvE|exclus|-wi-------|dualstor.exclusive|linear|8388608|10|\n"


class Served(PaperHost):
    """Its programs write what they were asked into the directory.

    It is node1 of the captured pair; with a file "node2" in the directory, node2. With a file
    "secondary" it is Secondary, so nobody can open its DRBD device; with a file "policy" it does
    not keep apart what has parted; with a file "twofold" the resource has two volumes.
    """

    def __init__(self, directory, seconds):
        self.two = os.path.exists(os.path.join(directory, "node2"))
        self.secondary = os.path.exists(os.path.join(directory, "secondary"))
        proc = PROC.replace("ro:Primary", "ro:Secondary") if self.secondary else PROC
        uuid = "LVM-" + "g" * 32 + "a" * 32
        super().__init__(
            Deadline(seconds), files={
                "/proc/drbd": proc.replace("oos:352", "oos:448") if self.two else proc,
                "/sys/module/drbd/version": "8.4.11\n",
                "/proc/sys/kernel/random/boot_id": "b00t2\n" if self.two else "b00t\n",
                "/sys/block/dm-3/dm/uuid": uuid, "/sys/block/dm-3/dm/name": "vg0-lvA",
                "/sys/block/dm-3/dev": "253:3", "/sys/block/dm-3/size": "24576",
                f"/proc/{os.getpid()}/stat": f"{os.getpid()} (python3) S " + "1 " * 18 + "777 0\n",
                "/proc/swaps": "Filename\n", "/proc/self/mountinfo":
                    "1 2 253:3 / /srv rw - ext4 /dev/dm-3 rw\n"},
            links={"/dev/drbd/by-res/r0": "../../drbd0"},
            devices={"/dev/drbd0": (147, 0), "/dev/vdb": (254, 16)})
        self.directory = directory
        self.twofold = os.path.exists(os.path.join(directory, "twofold"))
        if self.twofold:
            number, rest = self.files["/proc/drbd"].splitlines()[2:]
            self.files["/proc/drbd"] += f"{number.replace(' 0:', ' 1:')}\n{rest}\n"
            for each in (0, 1):
                self.links[f"/dev/drbd/by-res/r0/{each}"] = f"../../../drbd{each}"
                self.files[f"/sys/block/drbd{each}/dev"] = f"147:{each}"
            del self.links["/dev/drbd/by-res/r0"]
            self.devices.update({"/dev/drbd1": (147, 1), "/dev/vdc": (254, 32)})
        if not os.path.exists(os.path.join(directory, "rebooted")):
            self.files["/sys/kernel/dlm/lvm_vg0/id"] = "1\n"

    def file(self, name):
        if name.startswith("/var/lib/"):
            return self.directory + name
        return os.path.join(self.directory, name.rpartition("/")[2]) if name.startswith("/dev/") \
            else super().file(name)

    def read(self, name):
        if not name.startswith("/var/lib/"):
            return super().read(name)
        try:
            with open(self.file(name), encoding="ascii") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def identity(self, name):
        if name.startswith("/var/lib/"):
            return "there" if os.path.exists(self.file(name)) else None
        return super().identity(name)

    def run(self, argv, timeout=None, environment=None):
        with open(os.path.join(self.directory, "asked"), "a", encoding="ascii") as stream:
            stream.write(json.dumps(argv) + "\n")
        code, stdout, stderr = self.does(*argv)
        return Completed(argv=tuple(argv), returncode=code, stdout=stdout, stderr=stderr)

    def execute(self, argv, seconds, environment, sink=None):
        assert argv[1:4] == ("--", "--force", "dump-md")
        text = golden(f"dump-8-node{1 + self.two}.txt").encode()
        sink(text[:777])
        sink(text[777:])
        return Completed(argv=argv, returncode=0)

    def does(self, name, *words):
        if name in ("vgs", "lvs", "vgcfgbackup") and self.secondary:
            if not any("a|^/dev/vdb$|" in word for word in words) or "--readonly" not in words:
                return 5, "", '  Volume group "vg0" not found\n'
            code, out, err = self.lvm(name, *words)
            return code, out.replace("/dev/drbd0", "/dev/vdb").replace(
                "/dev/drbd1", "/dev/vdc"), err
        return self.lvm(name, *words)

    def lvm(self, name, *words):
        if self.twofold and name == "vgs" and not any("vg_attr" in word for word in words):
            return 0, TWO, ""
        if self.twofold and name == "lvs" and "-a" in words:
            return 0, STRIPED, ""
        if self.twofold and words[0] in ("sh-dev", "sh-ll-dev"):
            return 0, {"sh-dev": "/dev/drbd0\n/dev/drbd1\n",
                       "sh-ll-dev": "/dev/vdb\n/dev/vdc\n"}[words[0]], ""
        if name == "vgs" and any("vg_attr" in word for word in words):
            return 0, "  vg0|GgGgGg|wz--ns|1|2|/dev/drbd0|pv0|a--\n", ""
        if name == "vgs":
            return 0, VGS, ""
        if name == "vgchange" and os.path.exists(os.path.join(self.directory, "no-lvmlockd")):
            return 5, "", "  VG vg0 start failed: lvmlockd not available\n"
        if name == "lvs":
            return 0, LVS if "-a" in words else VOLUMES, ""
        if name == "lvm":
            return 0, "  LVM version:     2.03.16(2) (2022-05-18)\n", ""
        if name == "drbdadm" and words[0] == "get-gi":
            current = "9886B13C4C729BED" if self.two else "C9E8219B1C3DB725"
            return 0, current + ":098BCFFA96149B65:" + "0" * 16 + ":" + "0" * 16 + \
                ":1:1:1:0:0:0:0\n", ""
        if name == "drbdadm" and words[-2] == "dump":
            policy = "after-sb-2pri violently-as0p; " if os.path.exists(os.path.join(
                self.directory, "policy")) else ""
            return 0, CONFIGURATION % (COMMON % policy if "--dry-run" in words else ""), ""
        if name == "drbdadm" and words[0] == "sh-dev":
            return 0, "/dev/drbd0\n", ""
        if name == "drbdadm" and words[0] == "sh-ll-dev":
            return 0, "/dev/vdb\n", ""
        if name == "drbdadm" and words[0] == "secondary":
            return 11, "", "0: State change failed: (-12) Device is held open by someone\n"
        if name == "vgcfgbackup" and words[2] == "vg0":
            self.files[words[1]] = "vg0 {\nseqno = 10\n}\n"
        elif name == "vgcfgbackup":
            return 5, "", f'  Volume group "{words[2]}" not found\n'
        return 0, "", ""


if __name__ == "__main__":
    serve.Server(serve.Stream(sys.stdin.buffer, sys.stdout.buffer),
                 lambda seconds: Served(sys.argv[1], seconds)).serve()
