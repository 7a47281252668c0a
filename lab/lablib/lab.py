# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab as an object: what the command and the tests drive.

    from lablib import Lab
    lab = Lab()
    lab.up()
    print(lab.node(1).run("uname -r").stdout)
"""
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import (
    accel,
    cluster,
    cpio,
    drbdconf,
    fencelog,
    image,
    modules,
    package,
    paths,
    payload,
    snapshot,
)
from .errors import LabError
from .machine import LINKS, Options
from .node import Node
from .processes import PidFile
from .progress import Progress
from .waiting import wait_until

NUMBERS = (1, 2)


class Lab:
    """Two machines with a run directory of their own.

    run, cache: directories, by default from the environment (see paths.py); progress: where steps are shown; suite: of
    machines that are started from now on, see image.suite; overlay: a directory that is laid over their root, by default
    $DUALSTOR_LAB_OVERLAY, else the one with which this lab was started; drbd_modules: one of modules in place of those of
    their kernel, by default $DUALSTOR_LAB_DRBD_MODULES, else as for overlay.
    """

    def __init__(self, run=None, cache=None, progress=None, suite=None, overlay=None, drbd_modules=None):
        self.suite = image.suite(suite)
        self._named = {}
        for kind, given in (("overlay", overlay), ("drbd_modules", drbd_modules)):
            named = given or os.environ.get(f"DUALSTOR_LAB_{kind.upper()}")
            self._named[kind] = str(Path(named).absolute()) if named else None
        self.folder = paths.prepare_run_directory(run or paths.run_directory())
        self.cache = Path(cache) if cache else paths.cache_directory()
        self.progress = progress or Progress()
        self.nodes = tuple(Node(self, number) for number in NUMBERS)
        self.fencer = PidFile(self.folder / "fencing.pid")
        self._package = None
        self._links = threading.Lock()

    # what is remembered between two commands

    @property
    def _state_file(self):
        return self.folder / "lab.json"

    def state(self):
        """Returns what this lab was started with: image, accelerator, memory, cut links, agents."""
        try:
            return json.loads(self._state_file.read_text())
        except (OSError, ValueError):
            return {}

    def _remember(self, **values):
        fresh = self._state_file.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({**self.state(), **values}, indent=1))
        fresh.replace(self._state_file)

    @property
    def agents(self):
        """Name of the set of agents the cluster was formed with, or None."""
        return self.state().get("agents")

    @property
    def resources(self):
        """How many DRBD resources, each with its VG, the cluster was formed with."""
        return self.state().get("resources", 1)

    def overlaid(self, of=None):
        """Returns the files that are laid over the guests' root, the user's modules and overlay; {} without either.

        of: the image of which the root is, by default the one this lab runs.
        """
        found = self.modules(of)
        folder = self._laid("overlay")
        return {**(found.files if found else {}), **(payload.overlay(Path(folder)) if folder else {})}

    def modules(self, of=None):
        """Returns the user's modules for an image (by default the one this lab runs), None without any; see modules.read."""
        folder = self._laid("drbd_modules")
        return modules.read(Path(folder), of or self.image()) if folder else None

    def forget_overlay(self):
        """Ends overlay and modules of machines started before; those that were named for this lab stay."""
        self._remember(overlay=None, drbd_modules=None)

    def _laid(self, kind):
        return self._named[kind] or self.state().get(kind)

    def drbd_resources(self, count, of=None):
        """Returns the files of `count` DRBD resources, for the module that the guests load."""
        found = self.modules(of)
        return payload.drbd_resources(count, found.version if found else drbdconf.IN_TREE)

    def remember_cluster(self, agents, resources):
        """Notes the set of agents and the number of DRBD resources the cluster is formed with."""
        self._remember(agents=agents, resources=resources)

    def image(self):
        """Returns the image this lab runs. Raises LabError when it was never started."""
        name = self.state().get("image")
        if not name:
            raise LabError(f"no lab in {self.folder}: start one with `lab/lab up`")
        found = image.at(self.cache / name)
        if found is None:
            raise LabError(f"the image {name} of this lab is gone from {self.cache}: `lab/lab down`, then `lab/lab up`")
        return found

    def options(self):
        """Returns the machines' Options of this lab."""
        state = self.state()
        return Options(accel.named(state.get("accelerator", "tcg"), state.get("why", "")), state.get("memory", 768))

    # machines

    def node(self, which):
        """Returns a node by number or name. Raises LabError when there is none."""
        for node in self.nodes:
            if which in (node.number, node.name, str(node.number)):
                return node
        raise LabError(f"there is no node {which!r}: the nodes are {', '.join(node.name for node in self.nodes)}")

    def each(self, work):
        """Calls `work(node)` for both nodes at once; returns the two results, or raises the first error."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            return [future.result() for future in [pool.submit(work, node) for node in self.nodes]]

    def build(self, again=False):
        """Returns the image of this lab's suite, built if need be."""
        return image.build(self.suite, self.progress, self.cache, again)

    def package(self, again=False):
        """Returns the directory of our product's RPMs, built from the working tree at the first call (or `again`)."""
        if self._package is None or again:
            self._package = package.build(self.progress, self.cache)
        return self._package

    def plan(self):
        """Returns (image, Options) that machines started now get."""
        built = self.build()
        accelerator = accel.choose(built, self.progress, self.cache)
        return built, Options(accelerator, int(os.environ.get("DUALSTOR_LAB_MEMORY", "768")))

    def adopt(self, built, options, cut, agents, resources):
        """Notes what the machines of this lab are from now on."""
        self._remember(
            **{kind: self._laid(kind) for kind in self._named},
            image=built.name,
            suite=built.suite,
            accelerator=options.accelerator.name,
            why=options.accelerator.why,
            memory=options.memory,
            cut=cut,
            agents=agents,
            resources=resources,
        )

    def up(self, fresh=False, auto_restart=None):
        """Starts what is not running and waits until both guests answer.

        fresh: with new, empty disks (running machines are ended). auto_restart: seconds after which a fenced machine
        is started again; by default it stays off.
        """
        had = self.state().get("suite", self.suite)
        if had != self.suite and not fresh:
            raise LabError(
                f"the disks in {self.folder} are those of {had}: `lab/lab --suite {had} up` continues with them,"
                f" `lab/lab --suite {self.suite} up --fresh` replaces them"
            )
        built, options = self.plan()
        found = self.modules(built)
        for text in found.left_out if found else ():
            self.progress.note(text)
        running = [node for node in self.nodes if node.alive()]
        if fresh:
            self.down()
            running = []
        if not running:
            kept = {} if fresh else self.state()
            self.adopt(built, options, kept.get("cut", []), kept.get("agents"), kept.get("resources", 1))
        self.start_fencer(auto_restart)
        with self.progress.step(f"boot two machines ({self.options().accelerator.name})"):
            for node in self.nodes:
                if fresh or not (node.machine.data.exists() and node.machine.state.exists()):
                    node.machine.new_disks(self.image())
                if not node.alive():
                    self.launch(node)
            self.each(Node.wait)

    def launch(self, node, append="", incoming=False):
        """Starts one node's machine; links that are cut stay cut. With `incoming` it stays halted."""
        base = self.image().initrd.read_bytes()
        node.machine.launch(self.image(), self.options(), base + self._payload(), append, incoming)
        if not incoming:
            self.plug(node)
            node.machine.go()

    def plug(self, node):
        """Sets a machine's ends of the links as this lab remembers them."""
        cut = self.state().get("cut", [])
        for link in LINKS:
            node.machine.set_link(link, link not in cut)

    def _payload(self):
        files = {**payload.configuration(), **self.drbd_resources(self.resources), **payload.product(self.package())}
        files.update(payload.code(self.package(), self.image().python))
        files.update(self.overlaid())
        return cpio.archive({f"payload/{path}": entry for path, entry in files.items()})

    def down(self):
        """Ends machines and the fencing process; the disks stay."""
        for node in self.nodes:
            node.machine.kill()
        self.fencer.end(signal.SIGTERM)

    def start_fencer(self, auto_restart=None):
        """Starts the host's half of fencing, or keeps the one that runs; with `auto_restart` it is started again."""
        if auto_restart is not None:
            self.fencer.end(signal.SIGTERM)
        if self.fencer.pid() is not None:
            return
        for node in self.nodes:
            node.machine.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [sys.executable, "-m", "lablib.fencing", str(self.folder)]
        if auto_restart is not None:
            command.append(str(auto_restart))
        environment = {**os.environ, "PYTHONPATH": str(paths.LAB), "DUALSTOR_LAB_CACHE": str(self.cache)}
        with open(self.folder / "fencing.log", "ab") as log:
            started = subprocess.Popen(
                command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.fencer.record(started.pid)
        # It outlives this process on purpose.
        started.returncode = 0
        sockets = [node.machine.file("fence") for node in self.nodes]
        wait_until(lambda: all(path.exists() for path in sockets), f"the fencing process, see {self.folder}/fencing.log", 10, 0.05)

    def fenced(self):
        """Returns the records of fencing, oldest first: see fencelog.py."""
        return fencelog.events(self.folder)

    def refuse_fencing(self, on):
        """Makes fencing fail from now on, or work again."""
        self.fencing_is(fencelog.REFUSES if on else "")

    def fencing_is(self, mode):
        """Lets the fence device work ("") or be one of fencelog.MODES from now on."""
        fencelog.set_mode(self.folder, mode)

    # links

    def cut(self, link):
        """Unplugs a link ("cluster" or "replication") at both ends."""
        self._set_link(link, False)

    def heal(self, link):
        """Plugs a link in again."""
        self._set_link(link, True)

    def _set_link(self, link, up):
        if link not in LINKS:
            raise LabError(f"there is no link {link!r}: the links are {', '.join(LINKS)}")
        with self._links:
            cut = set(self.state().get("cut", []))
            self._remember(cut=sorted(cut - {link} if up else cut | {link}))
            for node in self.nodes:
                try:
                    if node.alive():
                        node.machine.set_link(link, up)
                except LabError:
                    if node.alive():
                        raise

    # product

    def push(self):
        """Packages the working tree and upgrades the running guests to it; returns the names of the nodes."""
        running = [node for node in self.nodes if node.alive()]
        if not running:
            raise LabError("no machine runs: `lab/lab up` first; it takes the working tree along")
        files = package.rpms(self.package(again=True))
        with ThreadPoolExecutor(len(running)) as pool:
            for done in [pool.submit(package.upgrade, node, files) for node in running]:
                done.result()
        for node in running:
            self.compile_product(node)
        return [node.name for node in running]

    def compile_product(self, node):
        """Compiles the product in the guest where the Python that built the package is another one."""
        tag = self.image().python
        if payload.has_code({**payload.product(self.package()), **payload.code(self.package(), tag)}, tag):
            return
        compiled = node.run(["python3", "-I", "-m", "compileall", "-q", "-f", f"/{payload.LIBRARY}"], 300)
        if compiled.rc == 0:
            payload.keep_code(self.package(), tag, node.pull_tree(f"{payload.LIBRARY}", f"*.{tag}.pyc"))

    # the cluster

    def form(self, agents="dualstor", resources=1):
        """Makes a cluster of two blank machines; see cluster.form."""
        cluster.form(self, agents, resources)

    def formed(self, agents="dualstor", resources=1):
        """Gives a freshly formed cluster: from the snapshot of one when nothing changed since, else by forming it.

        resources: how many DRBD resources, each with its VG. Returns True when it came from a snapshot.
        """
        def make():
            self.blank()
            self.form(agents, resources)

        return self.taken_or_made(snapshot.formed_name(self, agents, resources), make)

    def blank(self):
        """Gives two blank machines, just booted with new disks: from the snapshot of such when nothing changed since.

        Returns True when they came from a snapshot.
        """
        return self.taken_or_made(snapshot.blank_name(self), lambda: self.up(fresh=True))

    def taken_or_made(self, name, make):
        """Gives the machines of a snapshot, else what `make` makes of them, which is saved; returns whether they are the snapshot's."""
        if snapshot.exists(self, name):
            try:
                self.restore(name)
                return True
            except LabError as error:
                self.progress.note(f"the snapshot {name} is of no use: {error}")
        make()
        self.snapshot(name)
        snapshot.prune(self)
        return False

    def wait_formed(self, timeout=300):
        """Waits until all resources run on both nodes and DRBD is Primary and UpToDate on both."""
        cluster.wait_whole(self, timeout)

    def snapshot(self, name="saved"):
        """Saves both running machines under a name."""
        snapshot.save(self, name)

    def restore(self, name="saved"):
        """Brings both machines back as they were saved."""
        snapshot.load(self, name)
