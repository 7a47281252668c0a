# SPDX-License-Identifier: GPL-2.0-or-later
"""ocf:dualstor:clustered-vg: a volume group that both nodes use at once."""
