# SPDX-License-Identifier: GPL-2.0-or-later
"""In the lab: how long writes stand still when a node or the replication link is lost, and how often a node dies of it.

Each round starts from the snapshot of a freshly formed cluster in which both nodes write to the shared LV, and is saved
when it ends: a run that is interrupted is continued by the next one.
"""

import json
import os
import random
import re
import time
from collections import namedtuple

from dualstor import fencepeer
from dualstor.command.check.parsers import corosyncconf
from dualstor.command.configure import answers
from dualstor.command.configure.render import corosync
from dualstor.command.configure.render import drbd as resource_file
from lablib import Lab, cib, logs, paths, payload
from lablib.errors import LabError
from lablib.faults import records
from lablib.faults.stage import Stage
from lablib.waiting import wait_until

CRASH, CUT = "crash", "cut"
KINDS = (CRASH, CUT)

#: A handler and the times with which it is played: those that configure writes, or DRBD's and corosync's own.
Set = namedtuple("Set", "name title handler written")

_FOLDER = os.path.dirname(fencepeer.PROGRAM)
#: Another name for the stock handler: the guests' `cluster start` replaces its own name by ours.
_STONITH = _FOLDER + "/stock-fence-peer"
_CRM = _FOLDER + "/crm-fence-peer.sh"

OURS = "ours"
SETS = {each.name: each for each in (
    Set(OURS, "dualstor-fence-peer, written times", fencepeer.PROGRAM, True),
    Set("stonith", "stonith_admin-fence-peer.sh, written times", _STONITH, True),
    Set("crm", "crm-fence-peer.sh, written times", _CRM, True),
    Set("ours-default", "dualstor-fence-peer, default times", fencepeer.PROGRAM, False),
    Set("stonith-default", "stonith_admin-fence-peer.sh, default times", _STONITH, False),
    Set("crm-default", "crm-fence-peer.sh, default times", _CRM, False))}
#: Handlers at equal times, and all that configure writes with what a user has who sets no times.
COMPARED = (OURS, "stonith", "crm", "stonith-default", "crm-default")

#: In place of the lab's common section, which has times of its own.
_COMMON = "global { usage-count no; }\ncommon { disk { c-plan-ahead 0; resync-rate 100M; } }\n"
#: Options of DRBD's net section that are times.
_TIMES = re.compile(r"\s*(ping-int|ping-timeout|timeout|ko-count|connect-int) ")

_RESUMED = 150      # seconds for the survivor to write again
_QUIET = 1.0        # no record is acknowledged so soon after the damage but those that were on their way
_AFTER = 12.0       # seconds in which a second request may still come
_WHOLE = 300        # seconds for a machine that boots to be back in the cluster
_TIME = 150         # that a round takes, at most as a rule


# -- what a set is made of ----------------------------------------------------------------------------------------------


def _resource(each, version):
    """The text of r0.res as configure writes it, with the set's handler and times."""
    pair = _pair(version)
    text = resource_file.render(pair.resources[0], pair)
    handler = each.handler
    if handler == _CRM and version == "9":
        handler = _CRM.replace(".sh", ".9.sh")
    assert fencepeer.PROGRAM in text
    lines = []
    for line in text.replace(fencepeer.PROGRAM, handler).splitlines():
        if not each.written and _TIMES.match(line):
            continue
        lines.append(line)
        if "fence-peer " in line and "crm-fence" in handler:
            undo = "unfence-peer" if version == "9" else "after-resync-target"
            lines.append('\t\t%s "%s";' % (undo, handler.replace("crm-fence", "crm-unfence")))
    return "\n".join(lines) + "\n"


def _membership(each):
    """The text of the lab's corosync.conf, with the times that configure writes if the set has them."""
    path = corosync.PATH.lstrip("/")
    text = payload.configuration()[path][1].decode()
    if not each.written:
        return text
    made = corosyncconf.parse(corosync.render(_pair("9")), corosync.PATH)[0].first("totem")
    times = "".join("\t%s: %s\n" % (name, made.get(name)) for name in ("token", "consensus"))
    return re.sub(r"\ttoken: \d+\n", times, text)


def _pair(version):
    """The lab's nodes, as configure knows them."""
    import tomllib      # from Python 3.11 on, and only the lab needs it
    with open(os.path.join(paths.PROJECT, "tests", "data", "configure", "lab.toml"), "rb") as stream:
        told = tomllib.load(stream)
    told["drbd"]["version"] = version
    return answers.pair(told)


def overlay(each, version, folder):
    """Lays out the files of a set in a directory, for Lab(overlay=...); returns the directory."""
    top = os.path.join(folder, each.name)
    for path, text in (("etc/drbd.d/r0.res", _resource(each, version)), ("etc/drbd.d/global_common.conf", _COMMON),
                       (corosync.PATH.lstrip("/"), _membership(each))):
        whole = os.path.join(top, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="ascii") as stream:
            stream.write(text)
    link = os.path.join(top, _STONITH.lstrip("/"))
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not os.path.islink(link):
        os.symlink("stonith_admin-fence-peer.sh", link)
    return top


def lab_of(each, version):
    """The Lab that runs a set."""
    return Lab(overlay=overlay(each, version, os.path.join(paths.prepare_run_directory(paths.run_directory()), "sets")))


# -- one round ----------------------------------------------------------------------------------------------------------


def first_record(lines, node, began):
    """When a node's first record was acknowledged after writes had come to a standstill, None if none was."""
    return min((line.time for line in lines if line.node == node and line.words[:1] == ("ack",)
                and line.time > began + _QUIET), default=None)


def noticed(lines, node, began):
    """Seconds after which a node's DRBD was not connected any more, None if it stayed so."""
    for line in lines:
        if line.node == node and line.words[:1] == ("drbd",) and line.time >= began \
                and not re.search(r"\bConnected\b", " ".join(line.words[1:])):
            return round(line.time - began, 1)
    return None


def requests(events, began):
    """The requests for power of the fencing log, as figures."""
    return [{"at": round(event["time"] - began, 1), "by": event["by"], "target": event["target"],
             "operation": event["operation"], "killed": event["killed"]}
            for event in events if event["operation"] in ("off", "reboot")]


def _survivor(stage, began):
    """(node, when it wrote again) of the node that writes first, once one does."""
    def met():
        lines = stage.lines("witness")
        found = [(first_record(lines, node.name, began), node) for node in stage.lab.nodes if node.alive()]
        found = [(moment, node) for moment, node in found if moment is not None]
        return min(found, key=lambda each: each[0]) if found else False
    return wait_until(met, "a node to write again", _RESUMED, 0.3)


def play(each, version, kind, boots):
    """One loss with one set; returns its figures.

    boots: a machine that is off is switched on at once, and the round lasts until the cluster is whole again.
    """
    lab = lab_of(each, version)
    stage = Stage(lab, cib.DUALSTOR)
    found = {"set": each.name, "kind": kind, "boots": boots, "drbd": version, "suite": lab.suite}
    began = None
    try:
        stage.set()
        if boots:
            lab.start_fencer(0.0)
            time.sleep(3)       # QEMU connects to it again within a second
        time.sleep(random.uniform(0.5, 3.5))
        began = stage.began = time.time()
        if kind == CRASH:
            stage.kill(stage.two)
            if boots:
                stage.two.start(wait=False)
        else:
            stage.cut("replication")
        moment, survivor = _survivor(stage, began)
        stage.mark("%s writes again" % survivor.name)
        found.update(survivor=survivor.name, resumed=round(moment - began, 2))
        time.sleep(_AFTER)
        ended = time.time()
        found["stall"] = round(records.greatest_stall(stage.lines("witness"), survivor.name, began, ended), 2)
        if boots:
            _rest(stage, kind, found)
    finally:
        if began is not None:
            found["requests"] = requests(stage.fencing(), began)
            found["deaths"] = sum(request["killed"] for request in found["requests"])
            found["noticed"] = {node.name: noticed(stage.lines("watch"), node.name, began) for node in lab.nodes}
            _keep_logs(lab, each, kind)
        stage.close()
    return found


def _rest(stage, kind, found):
    """Waits until the cluster is whole again; a machine that is killed once more is one death more."""
    if kind == CUT:
        stage.heal("replication")
    since = time.time()
    try:
        stage.whole(_WHOLE)
        found["whole"] = round(time.time() - since, 1)
    except LabError as error:
        found["not whole"] = str(error)[:300]
    time.sleep(5)


def _keep_logs(lab, each, kind):
    """Saves the logs of what still runs beside the machines, for whoever wonders about a figure."""
    folder = lab.folder / "round-logs"
    folder.mkdir(exist_ok=True)
    for node in lab.nodes:
        if node.alive():
            name = "%s-%s-%s-%s" % (time.strftime("%H%M%S"), each.name, kind, node.name)
            (folder / name).write_text("".join("=== %s\n%s\n" % log for log in logs.collect(node, 150)))


# -- a run --------------------------------------------------------------------------------------------------------------


def load(path):
    """The rounds that were played so far."""
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)["rounds"]
    except FileNotFoundError:
        return []


def _save(path, rounds):
    with open(path + ".new", "w", encoding="utf-8") as stream:
        json.dump({"rounds": rounds}, stream, indent=1, sort_keys=True)
        stream.write("\n")
    os.replace(path + ".new", path)


def due(rounds, names, counts, version, boots):
    """[(set, kind)] of the rounds that are still to be played: set after set, crashes and cuts in turn."""
    found = []
    for name in names:
        left = {kind: counts[kind] - sum((each["set"], each["kind"], each["drbd"], each["boots"])
                                         == (name, kind, version, boots) and "stall" in each for each in rounds)
                for kind in KINDS}
        while any(number > 0 for number in left.values()):
            kind = max(KINDS, key=lambda each: left[each])
            left[kind] -= 1
            found.append((name, kind))
    return found


def run(path, names, counts, version, boots, minutes=None, progress=print):
    """Plays what is due, and saves each round in *path*; returns whether nothing is left.

    minutes: begin no round that would end later than that.
    """
    ends = time.monotonic() + minutes * 60 if minutes else None
    rounds, failed, ran = load(path), 0, None
    left = due(rounds, names, counts, version, boots)
    try:
        while left:
            if ends and time.monotonic() + _TIME > ends:
                progress("%d rounds are left" % len(left))
                return False
            name, kind = left.pop(0)
            progress("%s, %s; %d rounds are left after this one" % (SETS[name].title, kind, len(left)))
            ran = lab_of(SETS[name], version)
            ran.fencer.end()        # one that restarts machines may be left of another run
            try:
                found = play(SETS[name], version, kind, boots)
            except LabError as error:
                progress("this round does not count: %s" % error)
                found, failed = {"set": name, "kind": kind, "drbd": version, "boots": boots,
                                 "error": str(error)[:500]}, failed + 1
                if failed > 5:
                    raise
                left.append((name, kind))
            rounds.append(found)
            _save(path, rounds)
            progress("    %s" % json.dumps({key: found.get(key) for key in (
                "survivor", "stall", "deaths", "noticed", "requests", "whole", "not whole", "error") if key in found}))
    finally:
        if ran:
            ran.down()
    return True


# -- figures ------------------------------------------------------------------------------------------------------------


def chosen(rounds, name, kind, boots=False):
    """The valid rounds of a set and a kind of loss."""
    return [each for each in rounds if each["set"] == name and each["kind"] == kind and each["boots"] == boots
            and "stall" in each]


def stalls(rounds, name, kind, boots=False):
    """Seconds for which writes stood still in each of these rounds."""
    return [each["stall"] for each in chosen(rounds, name, kind, boots)]
