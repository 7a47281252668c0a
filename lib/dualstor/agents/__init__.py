# SPDX-License-Identifier: GPL-2.0-or-later
"""The three agents: interface, observation, decision and deeds of each."""
