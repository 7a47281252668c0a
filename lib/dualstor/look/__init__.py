# SPDX-License-Identifier: GPL-2.0-or-later
"""What an executable does before the framework is imported: metadata, and the healthy look.

A recurring monitor that finds all well keeps its answer together with what that answer stands on:
a few files, devices and processes of the kernel. While these are as they were, the next monitors
repeat the answer, for at most a minute; then the whole agent looks again. In any doubt nothing is
repeated. ``script`` is the executable, ``well`` the kept answer, ``sights`` what can be compared,
``files`` how it is read. Nothing here starts a process, waits, or changes anything.
"""
