# SPDX-License-Identifier: GPL-2.0-or-later
"""The agents on the simulated cluster: random actions, random faults, and what must always hold."""
