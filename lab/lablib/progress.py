# SPDX-License-Identifier: GPL-2.0-or-later
"""Progress of long work: one line for each step, with its seconds."""
import sys
import time
from contextlib import contextmanager


class Progress:
    """Prints steps to a stream; on a terminal the running step is shown while it runs."""

    def __init__(self, stream=None):
        self.stream = sys.stderr if stream is None else stream
        self.began = time.monotonic()

    def _write(self, text):
        self.stream.write(text)
        self.stream.flush()

    @contextmanager
    def step(self, what):
        """Shows `what` while the block runs, then its seconds; a block that raises is marked as failed."""
        live = self.stream.isatty()
        began = time.monotonic()
        if live:
            self._write(f"  {what} ...")
        outcome = "failed"
        try:
            yield
            outcome = ""
        finally:
            seconds = f"{time.monotonic() - began:.1f} s"
            line = f"  {what:<58} {seconds:>8} {outcome}".rstrip()
            self._write(f"\r\033[K{line}\n" if live else f"{line}\n")

    def note(self, text):
        """Prints a line of its own."""
        self._write(f"  {text}\n")


class Silent(Progress):
    """Says nothing: for tests and for --quiet."""

    def _write(self, text):
        pass
