# SPDX-License-Identifier: GPL-2.0-or-later
"""clustered-vg: how it observes its host."""

from dualstor import log
from dualstor.action.engine import Agent
from dualstor.action.steps import PROPAGATE
from dualstor.agents import heldback, lvmversion
from dualstor.agents.clustered_vg import decide, deeds, headers, published, reasons, seen
from dualstor.agents.clustered_vg.interface import INTERFACE
from dualstor.errors import DualstorError, ParseError, ToolHung
from dualstor.kernel import block, devmapper, dlm, holders, locksocket, process
from dualstor.look import sights, well
from dualstor.tools import cib, drbdadm, hold, lvm, lvmlock, lvmtext, pacemaker, quorum, standing
from dualstor.watcher import place

TYPE_CHECKING = False       # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import IO, Any, Callable

    from dualstor.action.steps import Request
    from dualstor.agents.clustered_vg.interface import Parameters
    from dualstor.host.host import Host
    from dualstor.look.sights import Sight

_CONNECT_TIME = 2.0     # seconds

_SHORT = ("monitor", PROPAGATE)
_MONITOR_SHARE = 3.0    # such an action gives one command this part of its time
_TURN = "look"          # the lock of whoever asks LVM about a VG of this host
_LOOK_TURN = 5.0        # seconds to wait for it in a monitor
_READ_TIME = 10.0       # seconds for one sector at check level 10
_RESUME_TRIES, _RESUME_PAUSE = 20, 0.5   # looks whether LVs are suspended; seconds between

#: Facets that a monitor observes once: it is short, and each lookup costs.
_MONITOR_LASTING = ("unchanged", "quorum", "daemons", "lockspaces", "held_back", "headers",
                    "exclusive", "modes", "volumes", "reads")


class ClusteredVg(Agent):
    """The volume group on this host."""

    interface = INTERFACE
    case_type = seen.Case
    case: seen.Case
    lasting: "tuple[str, ...]" = ("version", "settings", "devices")
    decide = staticmethod(decide.decide)

    def __init__(self, host: "Host", request: "Request", parameters: "Parameters") -> None:
        super().__init__(host, request, parameters)
        self.vg = parameters.vgname
        self.memory = (INTERFACE.name, self.vg, "volumes")
        self._turn: "IO[Any] | None" = None
        if request.action in _SHORT:
            self.lasting += _MONITOR_LASTING

    def lasts(self, facet: str, value: "Any", deed: "Callable[..., object] | None") -> bool:
        """As for any agent; a good answer about the VG lasts until its lockspace is started."""
        if facet == "group":
            return value.group is not None and deed is not deeds.start_locking
        if facet in ("modes", "exclusive") and self.request.action == PROPAGATE:
            return deed is not deeds.make_shared    # which is there to change them
        return super().lasts(facet, value, deed)

    def share(self) -> float:
        """Seconds for one command: a monitor must be able to continue when it hangs."""
        remaining = self.host.deadline.remaining
        return remaining / _MONITOR_SHARE if self.request.action in _SHORT else remaining * 0.8

    # -- the kernel, which never blocks ----------------------------------------

    def sights(self) -> "tuple[tuple[str, str], ...]":
        """Its devices and its lockspace; the headers of its metadata come with the answer.

        So do the devices in a round of the watcher, which changes them itself.
        """
        remembered = self.see_remembered()
        if remembered is None:
            return ()
        space = "clvmd" if remembered.locking == locksocket.CLVMD else "lvm_" + self.vg
        found = [("node", "/sys/kernel/dlm/" + space)]
        if self.request.action == PROPAGATE:
            found.append(("folder", f"/sys/kernel/config/dlm/cluster/spaces/{space}/nodes"))
            found += [("process", f"{each.pid}")
                      for each in process.running(self.host, *pacemaker.ATTRIBUTE_DAEMONS)]
            return tuple(found)
        found.insert(0, ("devices", self.vg))
        if self.case.parameters.watched:
            watcher = self.see_watcher()
            if watcher is None:
                return ()       # the agent starts one
            found.append(("process", f"{watcher.process.pid}"))
        return tuple(found)

    def see_unchanged(self) -> "tuple[Sight, ...] | None":
        """The headers of LVM's metadata, as sights, if they are as in the last healthy answer."""
        kept = self._kept_headers()
        now = headers.again(self.host, kept)
        for disk in headers.silent(now):
            log.warning("%s", self.case.say(reasons.SILENT_DISK, device=disk))
        return kept if kept and now == kept else None

    def _kept_headers(self) -> "tuple[Sight, ...]":
        """The headers of the last answer that was kept, as sights."""
        kept = well.from_text(
            self.host.recall(*well.place(INTERFACE.name, self.request.resource)))
        return headers.among(kept.sights) if kept else ()

    def see_present(self) -> str:
        """The VG's devices in device-mapper, as text: "" for none."""
        return sights.devices(self.host, self.vg)

    def see_remembered(self) -> "seen.Remembered | None":
        """What start left."""
        text = self.host.recall(*self.memory)
        return None if text is None else seen.recalled(text)

    def see_active(self) -> "tuple[devmapper.MappedVolume, ...]":
        """Devices of the VG in device-mapper."""
        if self.request.action == PROPAGATE:
            self.first("present")
        return devmapper.of_group(self.host, self.vg)

    def see_watcher(self) -> "place.Watcher | None":
        """The process that takes changes over, if it runs."""
        return place.look(self.host, self.vg)

    def see_hold(self) -> "hold.Hold | None":
        """Whether `dualstor recover` works on what the VG is on, or has not come to its end."""
        return hold.look(self.host, hold.VG, self.vg)

    def see_clock(self) -> "published.Published":
        """This boot, and the time since."""
        text = self.host.read("/proc/sys/kernel/random/boot_id")
        return published.Published(boot=published.boot(text), at=round(self.host.uptime()))

    def see_lockspaces(self) -> "seen.Lockspaces":
        """The dlm lockspaces that matter to the VG."""
        own = "lvm_" + self.vg
        there = dlm.lockspaces(self.host)
        states = [dlm.recovered(self.host, name) for name in (own, "lvm_global", "clvmd")
                  if name in there]
        return seen.Lockspaces(group=own in there, clvmd="clvmd" in there,
                               recovered=False not in states)

    def see_held(self) -> "tuple[tuple[str, tuple[str, ...]], ...]":
        """Who holds each active LV: (name, words); other LVs of the VG are no news."""
        own = f"LV {self.vg}/"
        return tuple((v.lv, tuple(w for w in holders.holders(self.host, v.major, v.minor)
                                  if not w.startswith(own)))
                     for v in self.case.active if not v.layer)

    def see_daemons(self) -> "locksocket.Sockets":
        """The lock daemons whose socket accepts, or would if they were not busy."""
        return locksocket.look(self.host, _CONNECT_TIME)

    see_held_back = heldback.see_held_back

    # -- tools -------------------------------------------------------------------

    def see_turn(self) -> bool:
        """Whether no other monitor asks LVM about a VG of this host; until we end, none will.

        A monitor does not wait for a round of the VG's own watcher: that does the same, and what
        was seen before would be out of date.
        """
        if self._turn is None:
            seconds = 0.0 if self._round_runs() else min(_LOOK_TURN, self.share())
            self._turn = self.host.lock(_TURN, seconds)
        return self._turn is not None

    def _round_runs(self) -> bool:
        """Whether it is a round of the VG's watcher that has the turn."""
        if self.request.action != "monitor" or self.case.watcher is None:
            return False
        holder = self.host.lock_holder(_TURN)
        return holder is not None and \
            process.parent(self.host, holder) == self.case.watcher.process.pid

    def let_go(self) -> None:
        """End the turn, which a file held open is."""
        if self._turn is not None:
            self._turn.close()
            self._turn = None

    def see_standing(self) -> str:
        """Why the VG is to be left alone, as the cluster or a person has it; "" if it is not."""
        if self.case.hold is not None:
            return hold.words(self.case.hold)
        root = self.case.cib.root
        if root is None:
            return self.case.cib.says
        return standing.found(root, self.request.node or pacemaker.local_node(self.host),
                              self.request.resource.partition(":")[0])

    def see_cib(self) -> "seen.Copy":
        """What the cluster is to do, and has."""
        try:
            return seen.Copy(root=cib.ask(self.host))
        except DualstorError as problem:
            return seen.Copy(says=str(problem))

    def see_quorum(self) -> "quorum.Quorum":
        """What the cluster's membership says.

        The watcher takes the CIB's word, which it asks for anyway: with lvmlockd the kernel does
        not call a lockspace recovered either before there is quorum.
        """
        if self.request.action == PROPAGATE and self.case.lockspaces.group:
            root = self.case.cib.root
            return quorum.Quorum(
                engine=quorum.COROSYNC, running=root is not None,
                quorate=root is not None and cib.quorate(root),
                says=self.case.cib.says or "the cluster is without quorum")
        return quorum.look(self.host)

    see_version = lvmversion.see_version

    def see_settings(self) -> "seen.Settings":
        """LVM's settings that decide on locking and filtering.

        :raises DualstorError: it does not say who locks; the rest is only for advice
        """
        version = self.case.version.number or ()    # known: decisions check it before
        old = version < lvm.NO_CLVMD
        locking = [lvm.setting(self.host, name, version) for name in
                   ("global/use_lvmlockd", "global/locking_type")[:1 + old]]
        try:
            file = None if old else lvm.setting(self.host, "devices/use_devicesfile", version)
        except DualstorError:
            file = None
        return seen.Settings(use_lvmlockd=locking[0], locking_type=locking[1] if old else None,
                             use_devicesfile=file, filter_name=lvm.filter_name(version))

    def see_group(self) -> "lvm.GroupReport":
        """The VG and its PVs as LVM has them."""
        return lvm.group(self.host, self.vg, self.share())

    def see_headers(self) -> "tuple[Sight, ...] | None":
        """The headers of the VG's metadata, see headers.read.

        On which disks they are is LVM's answer to the last monitor, for the watcher, too.
        """
        kept = self._kept_headers()
        if self.request.action == PROPAGATE and kept:
            now = [(kind, place, text) for kind, place, text in headers.again(self.host, kept)
                   if isinstance(text, str)]
            if len(now) == len(kept):
                return tuple(now)
        return headers.read(self.host, self.case.group.devices, kept)

    def see_devices(self) -> "tuple[seen.PvDevice, ...]":
        """The devices of the VG's PVs, and those on which LVM sees the same PVs again."""
        report = self.case.group
        known = {d.uuid.replace("-", "") for d in report.devices}
        again: "set[str]" = set()
        for message in report.outcome.messages:
            if message.kind == "duplicate" and (message.uuid or "").replace("-", "") in known:
                again.update(n for n in (message.name, message.other) if n)
        missing = {d.name for d in report.devices if d.missing}
        names = sorted({d.name for d in report.devices} | again)
        found = [seen.PvDevice(name=n, drbd=self._on_drbd(n), missing=n in missing,
                             duplicate=n in again) for n in names]
        return tuple(d if d.drbd or d.missing else d.but(above=self._drbd_above(d.name))
                     for d in found)

    def _on_drbd(self, name: str) -> bool:
        number = self.host.device(name)
        return number is not None and block.on_drbd(self.host, *number)

    def _drbd_above(self, name: str) -> "str | None":
        """The DRBD device whose backing device is *name*, None if there is none."""
        number = self.host.device(name)
        try:
            pairs = drbdadm.backing_devices(self.host)
        except DualstorError:
            return None
        for upper, lower in pairs:
            if lower == name or (number and self.host.device(lower) == number):
                return upper
        return None

    def see_volumes(self) -> "lvm.VolumesReport":
        """The VG's LVs as LVM has them."""
        if self.request.action == PROPAGATE or \
                self.request.action == "monitor" and self.case.parameters.pick_up_new_lvs:
            self.first("headers")
        read = self._volumes_read()
        if read is not None:
            return read
        version: "tuple[int, ...] | None" = lvm.WITH_LVMLOCKD    # if it runs, no LVM is older
        if not self.case.lockspaces.group:
            version = self.case.version.number
        if version is None:
            return lvm.VolumesReport(outcome=lvm.LvmOutcome(ok=False, says=self.case.version.says))
        report = lvm.volumes(self.host, self.vg, version, self.share())
        if report.outcome.ok and not report.volumes and self._has_volumes():
            report = report.but(outcome=report.outcome.but(
                ok=False, says=f"lvs {self.vg}: no answer, though it ended with 0"))
        return report

    def _volumes_read(self) -> "lvm.VolumesReport | None":
        """The VG's LVs as the metadata on the disk have them, for the watcher, which is in a hurry.

        :returns: None where LVM has to be asked: with clvmd, which knows more; in other actions;
            while this disk may have an old copy
        """
        found = self.case.headers if self.request.action == PROPAGATE else None
        if not found or not self.case.lockspaces.group:
            return None
        try:
            text = headers.metadata(self.host, found)
            return None if text is None else lvmtext.volumes(text, self.vg)
        except ParseError as problem:
            log.debug("%s", problem)
            return None

    def _has_volumes(self) -> bool:
        """Whether the VG has LVs, as far as the kernel or an earlier answer of LVM says."""
        group = self.case.group.group if self.case.knows("group") else None
        return bool(self.see_active()) or bool(group and group.lv_count)

    def see_exclusive(self) -> "frozenset[str] | None":
        """Ids of the LVs that lvmlockd has locked exclusively here; None when not known."""
        names = dlm.exclusive(self.host, "lvm_" + self.vg)
        return None if names is None else frozenset(map(lvmlock.plain_id, names))

    def see_modes(self) -> "seen.Modes":
        """The locks on the VG's LVs as lvmlockd reports them: if it answers, it answers LVM."""
        try:
            return seen.Modes(held=lvmlock.modes(self.host, self.vg, min(5.0, self.share())))
        except DualstorError as problem:
            return seen.Modes(answered=False, says=str(problem))

    def see_reads(self) -> "tuple[tuple[str, str | None], ...]":
        """For each active LV (name, problem): whether one sector can be read past the cache.

        Not of one on a DRBD device that holds I/O back: the reader could not be ended, and
        would hold the LV open until I/O continues.
        """
        held, volumes = set(self.case.held_back), self._when_resumed()
        suspended = {v.lv for v in volumes if v.suspended}
        return tuple(
            (v.lv, seen.SUSPENDED if v.lv in suspended else self._read(v))
            for v in volumes
            if v.usable and not held & {f"drbd{minor}" for minor in
                                        block.drbd_minors(self.host, v.major, v.minor)})

    def _when_resumed(self) -> "tuple[devmapper.MappedVolume, ...]":
        """As ``see_active``, once none is suspended: LVM does that for moments, readers hang."""
        for _ in range(_RESUME_TRIES):
            volumes = self.see_active()
            if not any(v.suspended for v in volumes):
                break
            self.host.sleep(_RESUME_PAUSE)
        return volumes

    def _read(self, volume: "devmapper.MappedVolume") -> "str | None":
        argv = ("dd", f"if=/dev/dm-{volume.minor}", "of=/dev/null", "bs=4096", "count=1",
                "iflag=direct")
        try:
            completed = self.host.run(argv, _READ_TIME)
        except ToolHung as problem:
            return str(problem)
        return None if completed.ok else completed.complaint()


AGENT: "type[deeds.Agent]" = ClusteredVg
