# SPDX-License-Identifier: GPL-2.0-or-later
"""The clones of the three agents and their meta attributes."""

from dualstor.agents.catalogue import DRBD_DUALPRIMARY, NAMES, interface
from dualstor.command.check.rules.registry import CIB, ERROR, WARNING, found, rule
from dualstor.ocf import parameters
from dualstor.ocf.environment import Environment
from dualstor.tools.pacemaker import is_true

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from dualstor.command.check.rules.registry import Findings, Found
    from dualstor.command.check.view.cib import Cib
    from dualstor.command.check.view.resources import CibClone, Resource

_META = "`pcs resource meta {clone} {name}={value}`"
#: The declared interface of each agent of ours, by name.
INTERFACES = {name: interface(name) for name in NAMES}


@rule("PCMK-CLONE", ERROR, "each agent runs as a clone",
      why="A resource that is not cloned runs on one node only: the storage is not shared.",
      fix="`pcs resource clone {resource} meta interleave=true` (drbd-dualprimary: `pcs resource "
          "promotable {resource} meta promoted-max=2 clone-max=2 notify=true interleave=true`)",
      scope=CIB)
def clone(cib: "Cib") -> "Findings":
    for resource in cib.ours():
        if resource.clone is None and resource.parameters.get("activation_mode") != "exclusive":
            yield found(resource.where, f"resource {resource.id} is not cloned",
                        resource=resource.id)


def _cloned(cib: "Cib", *types: str) -> "list[tuple[Resource, CibClone]]":
    return [(r, r.clone) for r in cib.ours(*types) if r.clone is not None]


def _wrong(clone: "CibClone", name: str, value: "str | None", right: str) -> "Found":
    has = f"no {name}" if value is None else f"{name}={value}"
    return found(clone.where, f"clone {clone.id} has {has}", clone=clone.id, name=name, value=right)


@rule("PCMK-PROMOTABLE", ERROR, "DRBD's clone is promotable",
      why="Pacemaker promotes only promotable clones: both nodes stay Secondary.",
      fix=_META, scope=CIB)
def promotable(cib: "Cib") -> "Findings":
    for _, one in _cloned(cib, DRBD_DUALPRIMARY):
        value = one.meta.get("promotable")
        if not is_true(value):
            yield _wrong(one, "promotable", value, "true")


def _count(clone: "CibClone", *names: str) -> "tuple[str, str | None]":
    """(name, value) of the first meta attribute that is set; the newer name if none is."""
    return next(((name, clone.meta[name]) for name in names if name in clone.meta),
                (names[0], None))


@rule("PCMK-PROMOTED-MAX", ERROR, "both nodes may be promoted",
      why="With another number only one node becomes Primary.", fix=_META, scope=CIB)
def promoted_max(cib: "Cib") -> "Findings":
    for _, one in _cloned(cib, DRBD_DUALPRIMARY):
        name, value = _count(one, "promoted-max", "master-max")
        if value != "2":
            yield _wrong(one, name, value, "2")


@rule("PCMK-CLONE-MAX", ERROR, "DRBD runs once on each of two nodes",
      why="DRBD has two copies; a third instance, or a second on one node, fails.",
      fix=_META, scope=CIB)
def clone_max(cib: "Cib") -> "Findings":
    for _, one in _cloned(cib, DRBD_DUALPRIMARY):
        value = one.meta.get("clone-max")
        if value != "2" and not (value is None and len(cib.nodes) == 2):
            yield _wrong(one, "clone-max", value, "2")
        for names in (("clone-node-max",), ("promoted-node-max", "master-node-max")):
            name, value = _count(one, *names)
            if value not in (None, "1"):
                yield _wrong(one, name, value, "1")


@rule("PCMK-NOTIFY", ERROR, "DRBD's clone has notifications",
      why="Without notifications the agent does not learn that its peer was fenced or is gone.",
      fix=_META, scope=CIB)
def notify(cib: "Cib") -> "Findings":
    for _, one in _cloned(cib, DRBD_DUALPRIMARY):
        if not is_true(one.meta.get("notify")):
            yield _wrong(one, "notify", one.meta.get("notify"), "true")


@rule("PCMK-INTERLEAVE", ERROR, "the clones are interleaved",
      why="Otherwise a restart on one node also restarts what depends on it on the other.",
      fix=_META, scope=CIB)
def interleave(cib: "Cib") -> "Findings":
    reported: "set[str]" = set()
    for _, one in _cloned(cib):
        if not is_true(one.meta.get("interleave")) and one.id not in reported:
            reported.add(one.id)
            yield _wrong(one, "interleave", one.meta.get("interleave"), "true")


@rule("PCMK-UNIQUE", ERROR, "the instances of a clone are the same on all nodes",
      why="With globally-unique=true each instance is a resource of its own: Pacemaker may start "
          "two on one node, and the agents manage one device under several names.",
      fix=_META, scope=CIB)
def unique(cib: "Cib") -> "Findings":
    for one in {one.id: one for _, one in _cloned(cib)}.values():
        if is_true(one.meta.get("globally-unique")):
            yield _wrong(one, "globally-unique", one.meta["globally-unique"], "false")


@rule("PCMK-PARAMETERS", ERROR, "the agents' parameters are valid",
      why="The agent refuses to start with a missing or wrong parameter.",
      fix="see `pcs resource describe ocf:dualstor:{agent}`, then `pcs resource update {resource} "
          "...`", scope=CIB)
def right_parameters(cib: "Cib") -> "Findings":
    for resource in cib.ours():
        interface = INTERFACES.get(resource.type)
        if interface is None:
            yield found(resource.where, f"there is no agent ocf:dualstor:{resource.type}",
                        agent=f"({'|'.join(sorted(INTERFACES))})", resource=resource.id)
            continue
        environ = {"OCF_RESKEY_" + name: value for name, value in resource.parameters.items()}
        known = {parameter.name for parameter in interface.parameters}
        problems = list(parameters.parse(interface, Environment(environ)).problems)
        problems += [f"{resource.type} has no parameter {name}"
                     for name in sorted(resource.parameters) if name not in known]
        for problem in problems:
            yield found(resource.where, f"resource {resource.id}: {problem}",
                        agent=resource.type, resource=resource.id)


@rule("PCMK-FENCING-WAIVED", WARNING, "no resource waives fencing",
      why="With require_fencing=false both nodes keep writing when they lose contact; with "
          "requires=quorum or nothing Pacemaker starts and promotes before the lost node is "
          "fenced.",
      fix="`pcs resource {command}`", scope=CIB)
def waived(cib: "Cib") -> "Findings":
    for resource in cib.ours(DRBD_DUALPRIMARY):
        value = resource.parameters.get("require_fencing")
        if value is not None and not is_true(value):
            yield found(resource.where, f"resource {resource.id} has require_fencing={value}",
                        command=f"update {resource.id} require_fencing=true")
    for resource in cib.ours():
        value = resource.meta.get("requires", "")
        if value.lower() in ("nothing", "quorum"):
            yield found(resource.meta.where("requires"), f"resource {resource.id} has "
                        f"requires={value}", command=f"meta {resource.ids[-1]} requires=fencing")
