# SPDX-License-Identifier: GPL-2.0-or-later
"""Observe, decide, act: how each agent carries out a request."""
