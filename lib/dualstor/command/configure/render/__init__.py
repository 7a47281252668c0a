# SPDX-License-Identifier: GPL-2.0-or-later
"""From the model to text: one module for each format, all of them pure functions."""
