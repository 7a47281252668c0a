# SPDX-License-Identifier: GPL-2.0-or-later
"""What monitors and whole operations cost: `make bench`, `make bench-lab`."""
