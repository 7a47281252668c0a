# SPDX-License-Identifier: GPL-2.0-or-later
"""The VGs on DRBD: how they are locked and activated, and who uses them."""

import re

from dualstor.agents.clustered_vg.interface import EXCLUSIVE_TAG
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.rules.registry import ERROR, WARNING, found, rule
from dualstor.command.check.view.seen import Unavailable

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Iterator

    from dualstor.command.check.rules.registry import Findings
    from dualstor.command.check.view.host import HostView


@rule("LVM-VG-UNLOCKED", ERROR, "each VG on DRBD is clustered or shared",
      why="Nothing prevents two hosts from changing the metadata of such a VG at the same time.",
      fix="`{command} {vg}`, with its LVs inactive on both hosts")
def unlocked(host: "HostView") -> "Findings":
    command = "vgchange -c y" if host.lvm.old else "vgchange --lock-type dlm"
    for vg, attr in host.lvm.groups.items():
        if attr[5:6] not in ("c", "s"):
            yield found(Where("vgs"), f"VG {vg} is neither clustered nor shared (attr {attr})",
                        command=command, vg=vg)


@rule("LVM-VG-CLUSTERED", ERROR, "no VG is clustered if LVM has no clvmd",
      why="LVM 2.03 cannot lock such a VG and refuses to touch it.",
      fix="with its LVs inactive on both hosts: `vgchange --lock-type none --lockopt force {vg}`, "
          "then `vgchange --lock-type dlm {vg}`")
def clustered(host: "HostView") -> "Findings":
    for vg, attr in host.lvm.groups.items():
        if attr[5:6] == "c" and not host.lvm.old:
            yield found(Where("vgs"), f"VG {vg} is clustered for clvmd (attr {attr})", vg=vg)


def _exclusive_ids(host: "HostView") -> "Iterator[str]":
    """Ids (without hyphens) of the LVs with an exclusive lock in a lockspace of this host."""
    names = [name for name in host.tree.commands if name.startswith("lockdump-")]
    if not names and host.kind("/sys/kernel/dlm"):
        for name in host.tree.silent:
            if name.startswith("lockdump-"):
                raise Unavailable(host.tree.silent[name])
    for name in names:
        for line in host.output(name).split("\n"):
            match = re.search(r'\bgr EX\b.*"([A-Za-z0-9-]{32,})"', line)
            if match:
                yield match.group(1).replace("-", "")


@rule("LVM-LV-EXCLUSIVE", WARNING, "no LV on DRBD is active exclusively",
      why="The other host cannot activate such an LV, so what runs there has no disk.",
      fix="`lvchange -asy {lv}` on the host that holds it (clvmd: `lvchange -aly {lv}` after "
          "`-aln`), or tag it: `lvchange --addtag " + EXCLUSIVE_TAG + " {lv}`")
def exclusive(host: "HostView") -> "Findings":
    held = list(_exclusive_ids(host))
    if not held:
        return
    for row in host.lvm.rows("lvs"):
        own = row["lv_uuid"].replace("-", "")
        if EXCLUSIVE_TAG not in row["lv_tags"].split(",") and any(i.endswith(own) for i in held):
            name = f"{row['vg_name']}/{row['lv_name']}"
            yield found(Where("dlm_tool lockdump"), f"LV {name} is active exclusively", lv=name)


def _matches(entry: str, vg: str) -> bool:
    """Whether an entry of a volume list is about a VG: its name, one of its LVs, or a tag."""
    return entry.partition("/")[0] == vg or entry.startswith("@")


@rule("LVM-VOLUME-LIST", ERROR, "volume_list permits the VGs on DRBD",
      why="LVM activates nothing that is not in the list.",
      fix="add `\"{vg}\"` to volume_list in the activation section of {file}, or remove "
          "volume_list")
def volume_list(host: "HostView") -> "Findings":
    setting = host.lvm.setting("activation/volume_list")
    if setting.value is None:
        return
    for vg in host.lvm.groups:
        if not any(_matches(entry, vg) for entry in setting.entries):
            yield found(setting.where, f"volume_list does not name VG {vg}", vg=vg)


@rule("LVM-AUTO-ACTIVATION", WARNING, "the VGs on DRBD are not activated at boot",
      why="Activation before the cluster runs takes no locks, or blocks the boot until it does.",
      fix="set `event_activation = 0` in the global section of {file} (LVM 2.02: "
          "`auto_activation_volume_list = [ ]` in the activation section, with the host's own VGs)")
def auto_activation(host: "HostView") -> "Findings":
    listed = host.lvm.setting("activation/auto_activation_volume_list")
    by_event = host.lvm.setting("global/event_activation")
    if listed.value is None:
        starts = host.lvm.is_on("global/use_lvmetad") if host.lvm.old else by_event.value != "0"
        if starts:
            yield found(by_event.where, f"auto-activation is on{by_event.origin} and no "
                                        "auto_activation_volume_list restricts it")
        return
    for vg in [vg for vg in host.lvm.groups if any(_matches(e, vg) for e in listed.entries)]:
        yield found(listed.where, f"auto_activation_volume_list names VG {vg}")
