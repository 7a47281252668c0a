# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's half of fencing: answers fence_virt on the guests' serial ports, and only kills.

Runs as a background process of a lab: `python3 -m lablib.fencing RUN [SECONDS]`. A fenced machine stays off until
somebody starts it, or, with SECONDS, until so long after the last request about it. It is never started while a request
is under way: dlm_stonith asks for a reboot and DRBD's handler for an off some seconds later, and that would kill the
machine that had just come up.

fenced.jsonl in the run directory gets one JSON object for each request that was about power.
"""
import json
import socket
import sys
import threading
import time
from pathlib import Path

from . import fencelog, fencevirt
from .errors import LabError
from .lab import Lab
from .machine import Machine

KILLS = (fencevirt.OFF, fencevirt.REBOOT)


class Fencer:
    """Serves every machine of one lab.

    machines: by name; log: path of the JSON lines; restart: called with a machine's name, or None; delay: seconds
    between the last request about a machine and its restart.
    """

    def __init__(self, machines, log, restart=None, delay=0.0, sleep=time.sleep):
        self.machines = machines
        self.log = Path(log)
        self.sleep = sleep
        self.refused = set()
        self.restart = restart
        self.delay = delay
        self.lock = threading.Lock()
        self.timers = {}

    def serve(self, name):
        """Answers the machine `name` forever: QEMU connects to the socket, and again after a restart."""
        path = self.machines[name].file("fence")
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        while True:
            connection, _ = listener.accept()
            with connection:
                self._converse(name, connection)

    def _converse(self, name, connection):
        buffer = b""
        while True:
            try:
                data = connection.recv(4096)
                if not data:
                    return
                found, buffer = fencevirt.requests(buffer + data)
                for request in found:
                    connection.sendall(self.answer(name, request))
            except OSError:
                return

    def answer(self, asker, request):
        """Does what a request asks for and returns the bytes that answer it."""
        if request.operation == fencevirt.DEVSTATUS:
            return fencevirt.response(fencevirt.SUCCESS)
        if request.operation == fencevirt.HOSTLIST:
            return fencevirt.host_list([(name, machine.alive()) for name, machine in sorted(self.machines.items())])
        machine = self.machines.get(request.domain)
        if machine is None or request.operation not in (fencevirt.STATUS, fencevirt.ON, *KILLS):
            return fencevirt.response(fencevirt.FAIL)
        if request.operation == fencevirt.STATUS:
            return fencevirt.response(fencevirt.SUCCESS if machine.alive() else fencevirt.IS_OFF)
        if request.operation == fencevirt.ON:
            # fence_virt's reboot is off and on; the on is done later by whoever drives the lab.
            return fencevirt.response(fencevirt.SUCCESS)
        return fencevirt.response(self._kill(asker, request, machine))

    def _kill(self, asker, request, machine):
        began = time.monotonic()
        record = {
            "time": time.time(),
            "monotonic": began,
            "by": asker,
            "operation": request.name,
            "target": request.domain,
        }
        try:
            self._misbehave(request.domain)
            with self.lock:
                record["pid"] = machine.kill()
            code = fencevirt.SUCCESS
        except (LabError, OSError) as error:
            record["pid"] = None
            record["error"] = str(error)
            code = fencevirt.FAIL
        record["killed"] = record["pid"] is not None and code == fencevirt.SUCCESS
        record["result"] = code
        record["seconds"] = round(time.monotonic() - began, 3)
        with self.lock, open(self.log, "a") as log:
            log.write(json.dumps(record) + "\n")
        if self.restart and code == fencevirt.SUCCESS:
            self._restart_later(request.domain)
        return code

    def _misbehave(self, name):
        """Is slow, or raises LabError, where the lab asked for a device like that."""
        mode = fencelog.mode(self.log.parent)
        if mode != fencelog.SECOND:
            self.refused.clear()
        if mode == fencelog.SLOW:
            self.sleep(fencelog.SECONDS)
        elif mode == fencelog.REFUSES or (mode == fencelog.SECOND and name not in self.refused):
            self.refused.add(name)
            raise LabError("fencing is refused on purpose")

    def _restart_later(self, name):
        with self.lock:
            if name in self.timers:
                self.timers[name].cancel()
            timer = threading.Timer(self.delay, self.restart, (name,))
            timer.daemon = True
            self.timers[name] = timer
            timer.start()


def main(arguments):
    """Serves the lab in the run directory arguments[0], restarting fenced machines after arguments[1] seconds."""
    run = Path(arguments[0])
    restart, delay = None, 0.0
    if arguments[1:]:
        lab, delay = Lab(run), float(arguments[1])

        def restart(name):
            try:
                lab.node(name).start()
            except LabError as error:
                print(f"{name} is not restarted: {error}", file=sys.stderr, flush=True)

    machines = {f"node{number}": Machine(run, number) for number in (1, 2)}
    fencer = Fencer(machines, run / fencelog.LOG, restart, delay)
    threads = [threading.Thread(target=fencer.serve, args=(name,)) for name in machines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
