# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of the cluster side: membership, fencing, Pacemaker, dlm, processes."""
