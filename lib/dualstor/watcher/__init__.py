# SPDX-License-Identifier: GPL-2.0-or-later
"""The watcher: a small resident process per VG that has changes taken over at once."""
