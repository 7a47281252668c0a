# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated two-node cluster: DRBD, cluster engine, dlm, LVM and the programs that drive them.

``state`` holds what is so, the modules beside it how it changes (``drbd``,
``membership``, ``locking``, ``volumes``), ``world`` puts them together and
``programs`` are what an agent runs. Two ways in: ``host.SimHost`` answers an
agent in this process on a virtual clock, ``path.Lab`` makes real programs
that share one state file.
"""
