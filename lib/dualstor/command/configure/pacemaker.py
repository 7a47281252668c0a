# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster's configuration as one immutable model; render/{pcs,crm,cib}.py write it down.

It has parts, as a volume group can be made only once DRBD and locking run, and what stands on
its LVs only once these are made: ``base``, ``group`` and ``uses``. There may be several DRBD
resources and volume groups, the locking is there once. Timeouts and intervals are
those that the agents' interfaces suggest.
"""

from dualstor.agents import catalogue
from dualstor.alerts import place
from dualstor.command.configure import uses
from dualstor.command.configure.parts import (
    Alert,
    Ban,
    Clone,
    Colocation,
    Operation,
    Order,
    Part,
    Primitive,
)

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.configure.generations import Generation
    from dualstor.command.configure.model import DrbdAnswers, Fence, LvmAnswers, Pair
    from dualstor.command.configure.parts import Pairs
    from dualstor.ocf.parameters import Interface

BASE, GROUP, USES = "base", "group", "uses"

#: Ids.
LOCKING, DLM, LOCK_DAEMON = "locking", "dlm", "lvm-lock-daemon"

_PROPERTIES = (("stonith-enabled", "true"), ("no-quorum-policy", "freeze"))

#: Actions that are no operations of a resource, and those that Pacemaker 2.0 does not know.
_NO_OPERATION = ("meta-data", "validate-all")
_SINCE_2_1 = ("reload-agent",)


def _seconds(number: int) -> str:
    return f"{number}s"


def _operations(interface: "Interface", generation: "Generation") -> "tuple[Operation, ...]":
    """The Operations that an agent suggests; a deeper monitor is left to the administrator."""
    roles = dict(zip(("Promoted", "Unpromoted"), generation.roles))
    found = []
    for action in interface.actions:
        if action.name in _NO_OPERATION or action.depth or \
                (action.name in _SINCE_2_1 and not generation.promoted):
            continue
        found.append(Operation(name=action.name, timeout=_seconds(action.timeout),
                               interval=_seconds(action.interval or 0),
                               role=roles.get(action.role or "")))
    return tuple(found)


def _ours(identity: str, agent: str, generation: "Generation",
          parameters: "Pairs" = ()) -> Primitive:
    """A Primitive of one of dualstor's agents."""
    return Primitive(id=identity, standard="ocf", provider="dualstor", type=agent,
                     parameters=parameters,
                     operations=_operations(catalogue.interface(agent), generation))


def _meta(agent: str, generation: "Generation") -> "Pairs":
    """The meta attributes of the clone of one of dualstor's agents."""
    return tuple((generation.promoted_max if name == "promoted-max" else name, value)
                 for name, value in catalogue.interface(agent).clone)


#: ocf:pacemaker:controld suggests these itself, except for monitor, which asks dlm_tool twice.
#: Without dlm_controld nothing recovers the locks of this node, so it is fenced then.
_DLM = Primitive(id=DLM, standard="ocf", provider="pacemaker", type="controld", operations=(
    Operation("start", "90s"), Operation("stop", "100s"),
    Operation("monitor", "60s", interval="30s", on_fail="fence")))


def _fence(fence: "Fence") -> Primitive:
    parameters = fence.options + (("pcmk_host_list", fence.node),
                                  ("pcmk_delay_base", _seconds(fence.delay)))
    return Primitive(id="fence-" + fence.node, standard="stonith", provider=None,
                     type=fence.agent, parameters=parameters,
                     operations=(Operation("monitor", "20s", interval="60s"),))


def _drbd(drbd: "DrbdAnswers", generation: "Generation") -> Clone:
    made = _ours(drbd.resource, catalogue.DRBD_DUALPRIMARY, generation,
                 (("drbd_resource", drbd.resource),))
    return Clone(members=(made,), promotable=True,
                 meta=_meta(catalogue.DRBD_DUALPRIMARY, generation))


def base(pair: "Pair") -> Part:
    """The Part with fencing, DRBD and locking, and the alerts."""
    generation = pair.generation
    locking = (_DLM,) if generation.dlm_resource else ()
    fences = tuple(_fence(fence) for fence in pair.fences)
    return Part(
        properties=_PROPERTIES + pair.properties,
        fences=fences,
        clones=(
            *(_drbd(each, generation) for each in pair.resources),
            Clone(members=locking + (_ours(LOCK_DAEMON, catalogue.CLVMD, generation),),
                  group=LOCKING, meta=_meta(catalogue.CLVMD, generation))),
        bans=tuple(Ban(resource=primitive.id, node=fence.node)
                   for primitive, fence in zip(fences, pair.fences)),
        alerts=_alerts(pair))


def _alerts(pair: "Pair") -> "tuple[Alert, ...]":
    """The Alert that is asked for; () for none."""
    if pair.alerts is None:
        return ()
    return (Alert(id=place.ID, path=place.PROGRAM, recipients=pair.alerts.mail),)


def _group(lvm: "LvmAnswers", generation: "Generation") -> Part:
    """One volume group: it needs its own DRBD resources promoted, and locking."""
    vg, locking = lvm.vg, LOCKING + "-clone"
    clone = Clone(members=(_ours(vg, catalogue.CLUSTERED_VG, generation, (("vgname", vg),)),),
                  meta=_meta(catalogue.CLUSTERED_VG, generation))
    return Part(
        clones=(clone,),
        orders=(*(Order(id=f"{vg}-after-{drbd}", first=drbd + "-clone",
                        first_action="promote", then=clone.id) for drbd in lvm.resources),
                Order(id=f"{vg}-after-{LOCKING}", first=locking, first_action="start",
                      then=clone.id)),
        colocations=(*(Colocation(id=f"{vg}-with-{drbd}", resource=clone.id,
                                  other=drbd + "-clone", role=generation.roles[0])
                       for drbd in lvm.resources),
                     Colocation(id=f"{vg}-with-{LOCKING}", resource=clone.id,
                                other=locking)))


def group(pair: "Pair") -> Part:
    """The Part with the volume groups."""
    whole = Part()
    for lvm in pair.groups:
        whole += _group(lvm, pair.generation)
    return whole


def ids(part: Part) -> "list[str]":
    """The ids of all resources and constraints of a Part."""
    found = [primitive.id for primitive in part.fences]
    for of in part.clones + part.alone:
        found += [member.id for member in of.members] + ([of.group] if of.group else [])
    found += [clone.id for clone in part.clones] + [ban.id for ban in part.bans]
    for alert in part.alerts:
        found += [alert.id, *(identity for identity, _ in alert.numbered)]
    return found + [each.id for each in part.orders] + [each.id for each in part.colocations]


def parts(pair: "Pair") -> "dict[str, Part]":
    """{name: Part}, in the order in which they are loaded."""
    found = {BASE: base(pair), GROUP: group(pair)}
    return dict(found, **{USES: uses.part(pair)}) if pair.uses else found


def whole(pair: "Pair") -> Part:
    """All of it as one Part."""
    return base(pair) + group(pair) + uses.part(pair)
