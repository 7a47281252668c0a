# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of DRBD in the kernel and of its tools."""
