# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's monitor protocol: one connection for each call or group of calls."""
from contextlib import contextmanager

from .channel import Channel


@contextmanager
def session(path, timeout=10):
    """Yields a Channel on which commands can be called. Raises OSError or EOFError when QEMU does not answer."""
    with Channel(path, timeout) as channel:
        channel.line()
        channel.call("qmp_capabilities")
        yield channel
