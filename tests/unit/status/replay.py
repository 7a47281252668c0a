# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that was recorded: everything that was looked at, and what came of it.

    python3 replay.py >STATE.json      on a node, with dualstor's library on the path
"""

import json
import sys

from dualstor.command.status import observe
from dualstor.errors import DeadlineReached, ToolError, ToolHung, ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.run import Completed


class Recorder(Host):
    """This host; ``tape`` is {method: {argument: answer}} of all that was asked."""

    def __init__(self, deadline, tape):
        super().__init__(deadline)
        self.tape = tape

    def _kept(self, method, key, answer):
        self.tape.setdefault(method, {})[key] = answer
        return answer

    def read(self, name):
        return self._kept("read", name, super().read(name))

    def list(self, name):
        return self._kept("list", name, super().list(name))

    def link(self, name):
        return self._kept("link", name, super().link(name))

    def exists(self, name):
        return self._kept("exists", name, super().exists(name))

    def device(self, name):
        return self._kept("device", name, super().device(name))

    def connect(self, name, timeout):
        return self._kept("connect", name, super().connect(name, timeout))

    def run(self, argv, timeout=None, environment=None):
        key = " ".join(argv)
        try:
            completed = super().run(argv, timeout, environment)
        except ToolMissing:
            self._kept("run", key, "missing")
            raise
        except (ToolHung, DeadlineReached):
            self._kept("run", key, "hung")
            raise
        self._kept("run", key, [completed.returncode, completed.stdout, completed.stderr])
        return completed


class Replay(Host):
    """A host from a tape. What was not asked when it was recorded is not there."""

    def __init__(self, tape):
        super().__init__(Deadline(60.0, lambda: 0.0))
        self.tape = tape
        self.calls = []

    def _answer(self, method, key, default):
        return self.tape.get(method, {}).get(key, default)

    def read(self, name):
        return self._answer("read", name, None)

    def list(self, name):
        return tuple(self._answer("list", name, ()))

    def link(self, name):
        return self._answer("link", name, None)

    def exists(self, name):
        return self._answer("exists", name, False)

    def device(self, name):
        answer = self._answer("device", name, None)
        return tuple(answer) if answer else None

    def recall(self, *name):
        return self._answer("recall", " ".join(name), None)

    def recalled(self, *name):
        first = " ".join(name) + " "
        return tuple(sorted(each[len(first):] for each in self.tape.get("recall", {}) if each.startswith(first)))

    def remember(self, text, *name):
        self.tape.setdefault("recall", {})[" ".join(name)] = text

    def connect(self, name, timeout):
        return self._answer("connect", name, "No such file or directory")

    def run(self, argv, timeout=None, environment=None):
        self.calls.append(tuple(argv))
        answer = self._answer("run", " ".join(argv), "missing")
        if answer == "missing":
            raise ToolMissing(argv, "not found")
        if answer == "hung":
            raise ToolHung(argv, "no answer in 4 s")
        if isinstance(answer, dict):
            raise ToolError(argv, answer["error"])
        code, stdout, stderr = answer
        return Completed(argv=tuple(argv), returncode=code, stdout=stdout, stderr=stderr)


def record(deadline=5.0):
    """The tape of one look at this host."""
    tape = {}
    observe.look(lambda: Recorder(Deadline(deadline + 2), tape), seconds=deadline + 2)
    return tape


if __name__ == "__main__":
    json.dump(record(), sys.stdout, indent=1, sort_keys=True)
