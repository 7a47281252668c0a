# SPDX-License-Identifier: GPL-2.0-or-later
"""The other node's own view, over ssh; it runs ``dualstor status --json`` there."""

import json

from dualstor import recipes
from dualstor.command.status.advised import Advice
from dualstor.command.status.report import Copy, Silent
from dualstor.errors import DualstorError
from dualstor.kernel import drbd
from dualstor.tools.drbdgi import Generation

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from typing import Any, Sequence, TypeVar

    from dualstor.host.host import Host
    from dualstor.record import Record

    Kind = TypeVar("Kind", bound=Record)

_CONNECT_TIME = 5   # seconds

_SCHEMA = "dualstor.status/1"
_OPTIONS = ("-o", "BatchMode=yes", "-o", f"ConnectTimeout={_CONNECT_TIME}")


def argv(name: str, options: "Sequence[str]" = ()) -> "tuple[str, ...]":
    """The command that asks host *name*.

    :param options: more options of its ``dualstor status``
    :raises DualstorError: it would be an option of ssh
    """
    if not name or name.startswith("-"):
        raise DualstorError(f"--peer {name!r} is no host")
    return ("ssh",) + _OPTIONS + ("--", name, "dualstor", "status", "--json") + tuple(options)


def ask(host: "Host", name: str, options: "Sequence[str]" = ()) -> "dict[str, Any] | Silent":
    """The other node's document; a Silent when there is none. Takes what ``argv`` takes."""
    try:
        completed = host.run(argv(name, options))
        found = json.loads(completed.stdout)
    except DualstorError as problem:
        return Silent(says=str(problem))
    except ValueError:
        return Silent(says=f"{name} does not answer with JSON: {completed.complaint()}")
    if not isinstance(found, dict) or found.get("schema") != _SCHEMA:
        return Silent(says=f"the status of {name} is that of another version of dualstor")
    return found


def _known(kind: "type[Kind]", found: "dict[str, Any]", **more: object) -> "Kind":
    """A Record of a JSON object, in which another version may have more."""
    return kind(**dict({name: found[name] for name in kind.fields if name in found}, **more))


def resource_state(document: object, name: str) -> "drbd.KnownState":
    """The other node's kernel.drbd.State of a resource.

    :param document: what ``ask`` returned, or None when it was not asked
    :returns: None when it is not up there, drbd.UNKNOWN when that is not known
    """
    if not isinstance(document, dict):
        return drbd.UNKNOWN
    try:
        found = {each["name"]: each["state"] for each in document["drbd"]["resources"]}[name]
        if found is None:
            return None
        return _known(drbd.State, found, causes=tuple(found.get("causes") or ()),
                      volumes=tuple(_known(drbd.Volume, v) for v in found["volumes"]),
                      peers=tuple(_known(drbd.Peer, p, dstates=tuple(p["dstates"]))
                                  for p in found["peers"]))
    except (KeyError, TypeError):
        return drbd.UNKNOWN


def active_groups(document: "Any") -> "tuple[str, ...] | None":
    """Names of the volume groups with LVs that are active on the other node; None: not known."""
    try:
        return tuple(sorted({each["vg"] for each in document["volumes"] if each["state"] != "-"}))
    except (KeyError, TypeError):
        return None


def volumes(document: "Any") -> "tuple[tuple[str, str, tuple[str, ...] | None], ...]":
    """("VG/LV", state, who has it open or None) of the LVs that the other node knows."""
    try:
        return tuple((f"{each['vg']}/{each['lv']}", each["state"], None if each.get("open") is None
                      else tuple(each["open"])) for each in document["volumes"])
    except (KeyError, TypeError):
        return ()


def copy_of(document: "Any", name: str) -> "Copy | None":
    """The other node's report.Copy of a resource; None when that is not known."""
    try:
        found = {each["resource"]: each for each in document["drbd"]["copies"]}[name]
        known = found["generation"]
        return Copy(resource=name, out_of_sync=tuple(map(tuple, found["out_of_sync"])),
                    generation=known and _known(Generation, known, history=tuple(
                        known.get("history") or ())))
    except (KeyError, TypeError):
        return None


def _stage(found: "dict[str, Any]") -> recipes.Stage:
    return recipes.Stage(title=found["title"], steps=tuple(
        _known(recipes.Step, step, nodes=tuple(step["nodes"]),
               commands=tuple(map(tuple, step["commands"]))) for step in found["steps"]))


def advices(document: "Any") -> "tuple[Advice, ...]":
    """What the other node says is to be done there; () where that is not known."""
    try:
        return tuple(_known(Advice, each, **{
            name: tuple(map(_stage, each.get(name) or ())) for name in ("parts", "stages")})
            for each in document["advice"])
    except (KeyError, TypeError):
        return ()
