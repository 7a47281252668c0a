# SPDX-License-Identifier: GPL-2.0-or-later
"""What the wrappers promise, held against the simulator and against the real tools in the lab."""
