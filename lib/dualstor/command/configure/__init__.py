# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor configure``: from a few answers to all that a pair of nodes needs."""
