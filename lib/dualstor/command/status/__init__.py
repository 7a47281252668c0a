# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor status``: what is going on, and what to do now."""
