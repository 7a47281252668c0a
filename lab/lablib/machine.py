# SPDX-License-Identifier: GPL-2.0-or-later
"""One emulated machine: its files, its QEMU process, its disks."""
import shutil
import subprocess
import time
from pathlib import Path

from . import host, qmp
from .channel import Refused
from .errors import LabError
from .processes import PidFile

# The links between the machines, by name, with their interface in the guests.
LINKS = {"cluster": "eth0", "replication": "eth1"}
DATA_BYTES = 96 << 20
# Ports by which a guest reports to the host what must outlive the guest; each ends in a file of its machine.
PORTS = ("witness", "watch", "exclusive")
# QEMU's names of the backing device, of the file below it, and of what makes requests fail in between.
DISK, FILE, FAILING = "data-disk", "data-file", "data-failing"
KERNEL_ARGUMENTS = (
    "console=ttyS0 quiet loglevel=4 net.ifnames=0 mitigations=off nokaslr no_timer_check tsc=unstable"
    " random.trust_cpu=on panic=5 nowatchdog audit=0 apparmor=0 raid=noautodetect"
)


class Options:
    """What a machine is made of, without its image; a snapshot is only good for the same options."""

    def __init__(self, accelerator, memory=768):
        self.accelerator = accelerator
        self.memory = memory

    def text(self):
        """Returns the options as one line, for comparing."""
        return f"{self.accelerator.name} cpu={self.accelerator.cpu} smp=1 memory={self.memory} ports={','.join(PORTS)}"


class Machine:
    """One node's machine; `folder`, below the lab's own, holds everything it has."""

    def __init__(self, lab_folder, number):
        self.number = number
        self.name = f"node{number}"
        self.folder = Path(lab_folder) / self.name
        self.pidfile = PidFile(self.folder / "qemu.pid")

    def file(self, name):
        """Returns the path of one of the machine's files."""
        return self.folder / name

    @property
    def data(self):
        """The backing device of DRBD."""
        return self.folder / "data.img"

    @property
    def state(self):
        """The disk with what the node keeps over a reboot: CIB, logs."""
        return self.folder / "state.img"

    def alive(self):
        """Whether the QEMU process lives."""
        return self.pidfile.pid() is not None

    def new_disks(self, image):
        """Replaces both disks by empty ones."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data.unlink(missing_ok=True)
        with open(self.data, "wb") as disk:
            disk.truncate(DATA_BYTES)
        copy_disk(image.state, self.state)

    def command(self, image, options, append=""):
        """Returns QEMU's command line."""
        peer = self.folder.parent / f"node{3 - self.number}"
        arguments = f"{KERNEL_ARGUMENTS} lab.node={self.number} {append}".strip()
        command = [
            host.find("qemu-system-x86_64"), "-name", self.name, "-nodefaults", "-no-user-config", "-display", "none",
            "-M", "pc,usb=off,vmport=off", *options.accelerator.arguments, "-cpu", options.accelerator.cpu,
            "-smp", "1", "-m", str(options.memory),
            "-kernel", str(image.kernel), "-initrd", str(self.file("initrd")), "-append", arguments,
            "-chardev", f"file,id=console,path={self.file('console.log')},append=on",
            "-device", "isa-serial,chardev=console",
            "-chardev", f"socket,id=fence,path={self.file('fence')},reconnect=1",
            "-device", "isa-serial,chardev=fence",
            "-drive", f"if=none,id=root,file={image.root},format=raw,readonly=on,cache=unsafe",
            "-device", "virtio-blk-pci,drive=root",
            "-drive", f"if=none,id=data,node-name={DISK},file.filename={self.data},file.node-name={FILE},file.driver=file"
            ",format=raw,cache=unsafe,discard=unmap",
            "-device", "virtio-blk-pci,drive=data,serial=data",
            "-drive", f"if=none,id=state,file={self.state},format=raw,cache=unsafe,discard=unmap",
            "-device", "virtio-blk-pci,drive=state,serial=state",
        ]  # fmt: skip
        for index, interface in enumerate(LINKS.values()):
            here, there = self.file(interface), peer / interface
            command += [
                "-netdev",
                f"dgram,id={interface},local.type=unix,local.path={here},remote.type=unix,remote.path={there}",
                "-device", f"virtio-net-pci,netdev={interface},mac=52:54:00:77:0{index}:0{self.number}",
            ]  # fmt: skip
        command += [
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={self.file('agent')},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
            "-chardev", f"socket,id=shell,path={self.file('shell')},server=on,wait=off",
            "-device", "virtconsole,chardev=shell",
            *(word for port in PORTS for word in (
                "-chardev", f"file,id={port},path={self.file(port)},append=on",
                "-device", f"virtserialport,chardev={port},name={port}",
            )),
            "-device", "virtio-rng-pci",
            "-qmp", f"unix:{self.file('qmp')},server=on,wait=off",
            "-pidfile", str(self.file("qemu.pid.raw")), "-daemonize", "-S",
        ]  # fmt: skip
        return command

    def launch(self, image, options, initrd, append="", incoming=False):
        """Starts QEMU with the machine halted; `go` lets it run.

        initrd: bytes of the whole initrd; append: more kernel arguments; incoming: it will be loaded from a snapshot.
        """
        if self.alive():
            raise LabError(f"{self.name} runs already: `lab/lab kill {self.name}` first")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file("initrd").write_bytes(initrd)
        # A socket of a killed QEMU stays as a file; qemu replaces stream sockets, but not the datagram ones.
        for name in LINKS.values():
            self.file(name).unlink(missing_ok=True)
        command = self.command(image, options, append) + (["-incoming", "defer"] if incoming else [])
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise LabError(f"{self.name}: QEMU does not start (exit code {done.returncode}): {done.stderr.strip()}")
        self.pidfile.record(int(self.file("qemu.pid.raw").read_text()))

    def monitor(self, *calls):
        """Calls QMP commands, each (name, dictionary), and returns what the last returns. Raises LabError."""
        value = None
        try:
            with qmp.session(self.file("qmp")) as channel:
                for name, arguments in calls:
                    value = channel.call(name, **arguments)
        except (OSError, EOFError, ValueError) as error:
            raise LabError(f"{self.name}: QEMU's monitor does not answer ({error}): `lab/lab kill {self.name}`") from error
        except Refused as refusal:
            raise LabError(f"{self.name}: QEMU refused {calls}: {refusal}") from refusal
        return value

    def go(self):
        """Lets the machine run."""
        self.monitor(("cont", {}))

    def halt(self):
        """Stops the machine's clock and CPU; `go` continues."""
        self.monitor(("stop", {}))

    def set_link(self, link, up):
        """Plugs or unplugs this machine's end of a link."""
        self.monitor(("set_link", {"name": LINKS[link], "up": up}))

    def throttle(self, requests):
        """Lets the backing device serve at most so many requests per second; 0: no limit."""
        limits = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops_rd", "iops_wr"), 0)
        self.monitor(("block_set_io_throttle", {"device": "data", "iops": requests, **limits}))

    def fail_disk(self, *kinds):
        """Lets requests of these kinds ("read", "write") to the backing device end with EIO; none: lets all work again."""
        rules = [{"event": "none", "iotype": kind, "errno": 5} for kind in kinds]
        node = {"driver": "raw", "node-name": DISK, "cache": {"direct": False, "no-flush": True}, "discard": "unmap"}
        calls = [("blockdev-reopen", {"options": [{**node, "file": FILE}]})]
        if kinds:
            below = {"driver": "blkdebug", "node-name": FAILING, "image": FILE, "inject-error": rules, "discard": "unmap"}
            calls = [("blockdev-add", below), ("blockdev-reopen", {"options": [{**node, "file": FAILING}]})]
        elif any(each["node-name"] == FAILING for each in self.monitor(("query-named-block-nodes", {"flat": True}))):
            calls.append(("blockdev-del", {"node-name": FAILING}))
        else:
            return
        self.monitor(*calls)

    def save_memory(self, path, timeout=60):
        """Writes memory and devices of the halted machine to a file."""
        self.monitor(
            ("migrate-set-parameters", {"max-bandwidth": 10 << 30}),
            ("migrate", {"uri": f"exec:cat >'{path}'"}),
        )
        self._migrated(timeout)

    def load_memory(self, path, timeout=60):
        """Fills the machine, launched with incoming=True, from such a file."""
        self.monitor(("migrate-incoming", {"uri": f"exec:cat '{path}'"}))
        self._migrated(timeout)

    def _migrated(self, timeout):
        end = time.monotonic() + timeout
        while True:
            status = self.monitor(("query-migrate", {})).get("status")
            if status == "completed":
                return
            if status in ("failed", "cancelled") or time.monotonic() > end:
                raise LabError(f"{self.name}: saving or loading its memory ended as {status}: is the disk full?")
            time.sleep(0.03)

    def kill(self):
        """Ends the QEMU process with SIGKILL, as pulling the plug does. Returns the pid it had, or None."""
        return self.pidfile.end()


def copy_disk(source, target):
    """Copies a sparse file as a sparse file, sharing its blocks where the file system can."""
    Path(target).unlink(missing_ok=True)
    cp = shutil.which("cp")
    subprocess.run([cp, "--sparse=always", "--reflink=auto", str(source), str(target)], check=True)
