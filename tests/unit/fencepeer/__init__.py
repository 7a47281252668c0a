# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of DRBD's fence-peer handler: what DRBD tells it, what it decides, how it answers."""
