# SPDX-License-Identifier: GPL-2.0-or-later
"""What is counted of monitors: modules, processes, looks."""
