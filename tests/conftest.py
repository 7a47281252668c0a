# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of the test run, and the profiles of property tests."""

import collections
import itertools
import logging
import os

import pytest

try:
    import hypothesis
except ImportError:     # a machine that only plays transcripts (--real) has pytest alone
    hypothesis = None

import beside
import longrun
import oldpython

oldpython.install()



def _load_profile(deep):
    """How property tests are run."""
    common = dict(deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    if deep:
        hypothesis.settings.register_profile("deep", max_examples=2000, **common)
    else:
        hypothesis.settings.register_profile("ci", derandomize=True, database=None, **common)
    hypothesis.settings.load_profile("deep" if deep else "ci")


def pytest_addoption(parser):
    parser.addoption("--lab", action="store_true",
                     help="also run the tests that need the lab's two machines (lab/lab build)")
    beside.add_option(parser)
    parser.addoption("--long", action="store_true",
                     help="the lab's tests that take minutes each, and no others")
    parser.addoption("--real", metavar="SITUATION",
                     help="play the transcripts of a situation, e.g. 'nothing started' or "
                          "'active on both; no quorum', with the programs of this machine, which "
                          "must be in it")
    parser.addoption("--reset", metavar="COMMAND",
                     help="for --real: brings the machine into the situation, before each case; "
                          "without it, cases that change something are not played")
    parser.addoption("--real-lvm", metavar="VERSION", help="for --real: instead of `lvm version`'s")
    parser.addoption("--real-engine", choices=("cman", "corosync"),
                     help="for --real: instead of cman where cman_tool is installed")
    parser.addoption("--real-node", choices=("node1", "node2"),
                     help="for --real: which of the transcripts' nodes this is (node1)")
    parser.addoption("--deep", action="store_true",
                     help="property tests at random and for long, instead of always the same ones")


def pytest_configure(config):
    config.addinivalue_line("markers", "lab: needs the lab's machines; collected with --lab")
    config.addinivalue_line("markers", "long: takes minutes in the lab; collected with --long")
    if config.getoption("--long"):
        config.pluginmanager.register(longrun.Results(), "longrun")
    if hypothesis is not None:
        _load_profile(config.getoption("--deep"))
    beside.register(config, before=_install_what_the_lab_needs)


def _install_what_the_lab_needs():
    """Before two processes may both want to install something."""
    from lablib import LabError, host
    from lablib.progress import Progress
    try:
        host.ensure(Progress())
    except LabError:
        pass    # the first test of the lab will say so


def pytest_collection_modifyitems(config, items):
    """Without --lab the tests of the lab are not there at all, rather than skipped.

    With --long there are only its long ones, and without it none of them.
    """
    long = config.getoption("--long")
    machines = long or config.getoption("--lab")
    wanted, others = [], []
    for item in items:
        fits = longrun.is_long(item) == long and (machines or not beside.is_lab(item))
        (wanted if fits else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = wanted


def pytest_terminal_summary(terminalreporter, config):
    """Beside the slowest tests, which --durations=N tells: the slowest files."""
    wanted = config.getoption("durations")
    if wanted is None:
        return
    seconds = collections.Counter()
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if hasattr(report, "duration"):
            seconds[report.nodeid.partition("::")[0]] += report.duration
    terminalreporter.write_sep("=", "slowest files")
    for name, total in seconds.most_common(wanted or None):
        terminalreporter.write_line("%8.2fs %s" % (total, name))


@pytest.fixture(scope="session")
def lab(request):
    """A lablib Lab whose machines are ended after the last test of the lab.

    DUALSTOR_LAB_RUN decides where it is, as for lab/lab; by default beside one that the user may
    have running. Where the cache has no image yet, one is built, which takes minutes and shows so.
    """
    from lablib import Lab
    made = Lab(run=os.environ.get("DUALSTOR_LAB_RUN") or "/tmp/dualstor-lab-test-%d" % os.getuid())
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        made.plan()
    yield made
    made.down()


@pytest.fixture(scope="session")
def deep(request):
    """Whether a long run was asked for."""
    return request.config.getoption("--deep")


class _Lines(logging.Handler):
    """Keeps what is logged, a line each."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.extend(record.getMessage().splitlines())


@pytest.fixture
def said():
    """Lines that our library has logged since the test began."""
    handler, logger = _Lines(), logging.getLogger("dualstor")
    before, level = logger.handlers[:], logger.level
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    yield handler.lines
    logger.handlers[:] = before
    logger.setLevel(level)
