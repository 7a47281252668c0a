# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the LVM side: kernel, wrappers, the clustered-vg agent."""
