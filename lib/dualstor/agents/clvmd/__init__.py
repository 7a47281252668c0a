# SPDX-License-Identifier: GPL-2.0-or-later
"""clvmd: the daemon that locks LVM across the cluster, clvmd or lvmlockd."""
