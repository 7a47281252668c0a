# SPDX-License-Identifier: GPL-2.0-or-later
"""``--lab --beside``: the tests that need no lab run in a process of their own, beside those of the lab.

Most of a lab's test is waiting for machines. Meanwhile another pytest plays everything else, at a
low priority, so that the machines are as quick as if they were alone. Its reports come over a pipe
and are shown after the lab's tests, each at its place: one output, one summary, one exit code.
"""

import builtins
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import warnings

import pytest

VARIABLE = "DUALSTOR_TESTS_BESIDE"      # number of the descriptor on which the other process reports
PRIORITY = 10       # low, but not so low that a test's own time limits would tell of the lab
PATIENCE = 20       # seconds for the other process to end itself


def is_lab(item):
    """Whether a test needs the lab's machines."""
    return item.get_closest_marker("lab") is not None


def add_option(parser):
    parser.addoption("--beside", action="store_true",
                     help="with --lab: the tests that need no lab run in a process of their own, "
                          "beside those of the lab")


def register(config, before=lambda: None):
    """Adds what is wanted to this process: the part of the lab, that of the rest, or nothing.

    before: called before both play.
    """
    if VARIABLE in os.environ:
        config.pluginmanager.register(Rest(config, int(os.environ.pop(VARIABLE))), "beside")
    elif config.getoption("--beside"):
        config.pluginmanager.register(Both(config, before), "beside")


class Rest:
    """In the process that plays the rest: sends what happened, a line of JSON each."""

    def __init__(self, config, descriptor):
        self._config = config
        self._stream = os.fdopen(descriptor, "w", encoding="ascii")
        os.set_inheritable(descriptor, False)
        os.nice(PRIORITY)
        # Linux may share the processors out among sessions first: then this is the priority that counts.
        try:
            with open("/proc/self/autogroup", "w", encoding="ascii") as group:
                group.write(str(PRIORITY))
        except OSError:
            pass

    def _send(self, **message):
        # Where nobody reads any more, SIGPIPE's error ends the run.
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if not is_lab(item)]

    def pytest_runtest_logreport(self, report):
        self._send(report=self._config.hook.pytest_report_to_serializable(
            config=self._config, report=report))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        yield       # its warnings are told last of all
        self._send(done=item.nodeid)

    def pytest_warning_recorded(self, warning_message, when, nodeid):
        if when == "runtest":       # those of the collection are the other process's, too
            self._send(of=nodeid, warning=[str(warning_message.message), warning_message.category.__name__,
                                           warning_message.filename, warning_message.lineno])


class Both:
    """In the process that was asked for all: plays the lab's tests, shows those of the rest."""

    def __init__(self, config, before):
        self._config, self._before = config, before
        self._child = self._log = None
        self._news = threading.Condition()
        self._reports, self._warnings, self._done, self._ended = {}, {}, set(), False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: not is_lab(item))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        kinds = {is_lab(item) for item in session.items}
        if len(kinds) == 2 and not session.testsfailed and not self._config.option.collectonly:
            self._before()
            self._start()

    def _start(self):
        invocation = self._config.invocation_params
        reading, writing = os.pipe()
        self._log = tempfile.TemporaryFile(mode="w+", errors="replace")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "pytest"] + [str(word) for word in invocation.args]
            + ["-p", "no:cacheprovider", "--color=no"], cwd=str(invocation.dir), pass_fds=[writing],
            env=dict(os.environ, **{VARIABLE: str(writing)}), stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=self._log, start_new_session=True)
        os.close(writing)
        threading.Thread(target=self._listen, args=(reading,), daemon=True).start()

    def _listen(self, reading):
        """Takes in what the other process sends, until it has ended."""
        with os.fdopen(reading, encoding="ascii") as stream:
            for line in stream:
                message = json.loads(line)
                with self._news:
                    if "report" in message:
                        report = self._config.hook.pytest_report_from_serializable(
                            config=self._config, data=message["report"])
                        self._reports.setdefault(report.nodeid, []).append(report)
                    elif "done" in message:
                        self._done.add(message["done"])
                    else:
                        self._warnings.setdefault(message["of"], []).append(message["warning"])
                    self._news.notify_all()
        self._child.wait()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        if self._child is None:
            return None
        if is_lab(item):
            if nextitem is None or is_lab(nextitem):
                return None
            # What the lab's tests share is of no use to the rest: the machines end now.
            return item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._reports_of(item):
            item.ihook.pytest_runtest_logreport(report=report)
        for text, category, path, line in self._warnings.pop(item.nodeid, ()):
            category = getattr(builtins, category, UserWarning)
            item.ihook.pytest_warning_recorded.call_historic(kwargs={
                "warning_message": warnings.WarningMessage(text, category, path, line),
                "when": "runtest", "nodeid": item.nodeid, "location": None})
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _reports_of(self, item):
        """The reports of a test that the other process plays, as soon as it is done."""
        with self._news:
            while item.nodeid not in self._done and not self._ended:
                # with a limit: a wait without one could not be interrupted everywhere
                self._news.wait(3600)
            reports = self._reports.pop(item.nodeid, [])
            if item.nodeid in self._done:
                return reports
        self._log.seek(0)
        item.session.shouldfail = "the process beside ended with %d before all its tests" % (
            self._child.returncode)
        return reports + [pytest.TestReport(
            nodeid=item.nodeid, location=item.location, keywords={}, outcome="failed", when="call",
            longrepr="%s; it said:\n%s" % (item.session.shouldfail, self._log.read()[-5000:]))]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        """Ends the other process, where this run is over before it has played all."""
        if self._child is None:
            return
        over = exitstatus in (0, 1) and not (session.shouldfail or session.shouldstop)
        if not (over and self._ends()):
            self._signal(signal.SIGINT)
            if not self._ends():
                self._signal(signal.SIGKILL)
                self._child.wait()
        if exitstatus == 0 and self._child.returncode != 0:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _ends(self):
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _signal(self, number):
        """To the process and its children, as from a terminal."""
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            pass
