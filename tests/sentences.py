# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit reasons for tests that only need some."""

from dualstor.ocf.reason import Reason, Topic


def entry(fact, step="do this", identity="some"):
    """An entry of the catalogue; *fact* and *step* may have {places}."""
    return Reason(identity, Topic("Some trouble", "It means this.", "Do this."), fact, step)


def sentence(fact, step="do this", **values):
    """A sentence."""
    return entry(fact, step)(**values)
