# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of DRBD, LVM and the cluster: typed results, pure parsers."""
