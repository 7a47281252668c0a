# SPDX-License-Identifier: GPL-2.0-or-later
"""The contract between the cluster manager and an agent (OCF 1.0 and 1.1)."""
