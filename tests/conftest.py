# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of the test run, and the profiles of property tests."""

import logging

import hypothesis
import pytest

import beside
import oldpython

oldpython.install()

hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None,
    suppress_health_check=list(hypothesis.HealthCheck))
hypothesis.settings.register_profile(
    "deep", deadline=None, max_examples=2000, suppress_health_check=list(hypothesis.HealthCheck))


def pytest_addoption(parser):
    parser.addoption("--lab", action="store_true",
                     help="also run the tests that need the lab's two machines (lab/lab build)")
    beside.add_option(parser)
    parser.addoption("--real", metavar="SITUATION",
                     help="play the transcripts of a situation, e.g. 'nothing started', with the "
                          "programs of this machine, which must be in it")
    parser.addoption("--deep", action="store_true",
                     help="property tests at random and for long, instead of always the same ones")


def pytest_configure(config):
    config.addinivalue_line("markers", "lab: needs the lab's machines; collected with --lab")
    hypothesis.settings.load_profile("deep" if config.getoption("--deep") else "ci")
    beside.register(config)


def pytest_collection_modifyitems(config, items):
    """Without --lab the tests of the lab are not there at all, rather than skipped."""
    if config.getoption("--lab"):
        return
    wanted = [item for item in items if item.get_closest_marker("lab") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = wanted


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
