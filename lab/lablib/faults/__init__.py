# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults on purpose: scenarios, what a witness saw of each, and the table that compares our agents with the stock ones."""
