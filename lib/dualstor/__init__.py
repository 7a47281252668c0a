# SPDX-License-Identifier: GPL-2.0-or-later
"""dualstor: clustered LVM on dual-primary DRBD under Pacemaker."""

__version__ = "0.1.0"
