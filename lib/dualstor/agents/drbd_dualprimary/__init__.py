# SPDX-License-Identifier: GPL-2.0-or-later
"""ocf:dualstor:drbd-dualprimary: a DRBD resource that is Primary on both nodes."""
