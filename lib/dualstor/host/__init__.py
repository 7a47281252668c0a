# SPDX-License-Identifier: GPL-2.0-or-later
"""All of the host that an agent may touch: reading its files, starting programs, our own memory."""
