# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor check``: find what is wrong before the cluster does."""

SUMMARY = "find what is wrong in the configuration before the cluster does"

DESCRIPTION = """\
Reads this host and, with --peer or --root, the other one, and compares. Each finding says
what is wrong, where, why it matters and how to mend it. Nothing is ever changed, no LVM lock
is taken, and no cluster needs to run; what cannot be looked at is said."""


def add_arguments(parser):
    """What ``check`` takes."""
    parser.add_argument("--peer", metavar="HOST", help="also look at HOST, over ssh")


def run(arguments, console):
    """Look, judge, tell; returns an ExitCode."""
    raise NotImplementedError
