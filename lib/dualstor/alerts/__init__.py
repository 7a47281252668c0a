# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker's alert agent: sends what `dualstor status` would say, to the log and by mail."""
