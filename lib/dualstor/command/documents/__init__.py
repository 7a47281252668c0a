# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that are made from the source: metadata, manuals, generated documents."""
