# SPDX-License-Identifier: GPL-2.0-or-later
"""``dualstor report``: one archive of what somebody who helps needs."""
