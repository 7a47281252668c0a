# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit reasons of clustered-vg, and what a person should know about each."""
