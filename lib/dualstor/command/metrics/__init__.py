# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor metrics``: the state of the pair as numbers, for Prometheus."""
