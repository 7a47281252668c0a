# SPDX-License-Identifier: GPL-2.0-or-later
"""The healthy look: whether the kernel is as it was when a full monitor last found all healthy.

A recurring monitor that finds all healthy keeps its answer and what the answer depends on: a few
files, devices and processes of the kernel. While these are unchanged, the next monitors repeat
the answer, for at most a minute; then the whole agent runs again. In any doubt nothing is
repeated. ``well`` is the kept answer, ``sights`` what can be compared. Nothing here starts a
process, waits, or changes anything.
"""
