# SPDX-License-Identifier: GPL-2.0-or-later
"""Ordinary work while faults happen: what is planned, and who does it.

The writers are resources of the cluster: one on each node to a shared LV, and one to an exclusive LV, wherever it is. What is
here are commands of people and programs, each of which must end by itself.
"""
import threading
import time

from .. import cib
from ..errors import CommandTimeout, LabError
from .history import Work

# The exclusive LV, and the port over which its writer reports.
ALONE = f"/dev/{cib.VG}/alone"
EXCLUSIVE = "exclusive"
# Seconds after which a command counts as hanging; emulated machines are slow, and a fault may make them slower.
LIMITS = {"status": 90, "check": 120, "recover": 90, "volume": 150}
VOLUME_TIMEOUT = "60"
COMMANDS = {
    "status": ["dualstor", "status", "--json"],
    "check": ["dualstor", "check", "--json"],
    "recover": ["dualstor", "recover", "--plan", "--json"],
}
OFF, DONE, HUNG, GONE = "off", "done", "hung", "gone"


def looks(chance, seconds):
    """Returns the Work of somebody who looks all the time: status, check and recover --plan in turns, on either node."""
    found, moment = [], 1.0
    while moment < seconds:
        kind = chance.choice(("status", "status", "check", "recover"))
        found.append(Work(round(moment, 1), kind, chance.choice((1, 2)), {}))
        moment += chance.uniform(4, 14)
    return found


def volumes(chance, seconds):
    """Returns the Work of somebody who makes, grows, renames and removes volumes, on either node."""
    found, moment, number = [], 5.0, 0
    while moment < seconds:
        number += 1
        name = f"w{number}"
        words = ["create", "grow", *(["rename"] if chance.random() < 0.5 else []), "remove"]
        for word in words[: chance.randint(2, len(words))] if chance.random() < 0.3 else words:
            found.append(Work(round(moment, 1), "volume", chance.choice((1, 2)), {"what": word, "name": name}))
            name = f"{name}r" if word == "rename" else name
            moment += chance.uniform(3, 12)
    return found


PLANS = {"dualstor": (looks, volumes), "stock": ()}


def command(work):
    """Returns the argument list of a Work."""
    if work.kind != "volume":
        return COMMANDS[work.kind]
    name, what = f"{cib.VG}/{work.options['name']}", work.options["what"]
    more = {"create": ["-L", "4M"], "grow": ["-L", "+4M"], "rename": [f"{work.options['name']}r"], "remove": []}[what]
    return ["dualstor", "volume", what, name, *more, "--timeout", VOLUME_TIMEOUT]


class Worker(threading.Thread):
    """Does one list of Work, one after the other, each not before its moment; notes what each led to in `results`."""

    def __init__(self, lab, works, began, clock=time.time, sleep=time.sleep):
        super().__init__(daemon=True)
        self.lab, self.works, self.began = lab, works, began
        self.clock, self.sleep = clock, sleep
        self.results = []
        self.ending = False

    def run(self):
        for work in self.works:
            while not self.ending and self.clock() < self.began + work.at:
                self.sleep(0.2)
            if self.ending:
                return
            self.results.append(self.one(work))

    def one(self, work):
        """Does one Work; returns what it led to as a dictionary that JSON can hold."""
        node, began = self.lab.node(work.node), self.clock()
        about = {**work._asdict(), "command": " ".join(command(work)), "began": round(began - self.began, 1)}
        if not node.alive():
            return {**about, "seconds": 0.0, "end": OFF, "code": None, "said": ""}
        end, code, said = DONE, None, ""
        try:
            result = node.run(command(work), LIMITS[work.kind])
            code, said = result.rc, result.stderr.strip()
        except CommandTimeout as error:
            end, said = HUNG, str(error)
        except LabError as error:
            end, said = GONE, str(error)
        return {**about, "seconds": round(self.clock() - began, 1), "end": end, "code": code, "said": said[-400:]}


def workers(lab, history, began):
    """Returns the Workers of a history: who looks, and who changes volumes."""
    groups = [[work for work in history.work if (work.kind == "volume") == volume] for volume in (False, True)]
    return [Worker(lab, group, began) for group in groups if group]


def prepare(stage):
    """Adds the exclusive LV and its writer to a cluster of our agents; lets the writers be tried again after a failure."""
    stage.merge(cib.lasting("writers", 20))
    if not stage.ours:
        return
    tag = ["--addtag", "dualstor.exclusive"]
    stage.one.ok(["lvcreate", "--yes", "-Wn", "-an", "-L", "16M", *tag, "-n", "alone", cib.VG], 60)
    stage.merge(cib.alone(ALONE))

    def writes():
        return any(line.words[0] == "ack" for line in stage.lines(EXCLUSIVE))

    stage.wait(writes, "the writer of the exclusive LV", 120)
