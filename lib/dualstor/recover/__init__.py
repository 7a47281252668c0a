# SPDX-License-Identifier: GPL-2.0-or-later
"""A split brain, block by block: what each side has changed, and how both become one again.

Nothing here prints, and nothing here imports the command.
"""
