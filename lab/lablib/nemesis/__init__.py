# SPDX-License-Identifier: GPL-2.0-or-later
"""Random faults on real machines: a seed gives a history of faults and of ordinary work, checkers validate what it led to."""
