# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor recover``: what happened, what each node has, and what can be done."""
