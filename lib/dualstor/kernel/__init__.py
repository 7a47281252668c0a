# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says: reads that never block, take no lock and start no process."""
