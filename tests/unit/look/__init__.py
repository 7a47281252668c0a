# SPDX-License-Identifier: GPL-2.0-or-later
"""The healthy look: what it repeats, what it stands on, and what it costs."""
