# SPDX-License-Identifier: GPL-2.0-or-later
"""Which DRBD a host has: the module, the tools, and the generation that reads its files."""

import re

from dualstor.command.check.parsers import drbdfiles
from dualstor.command.check.parsers.where import Where
from dualstor.command.check.view.lazy import lazy
from dualstor.command.check.view.seen import Seen, Unavailable
from dualstor.record import whole

_VERSION = r"([0-9]+(?:\.[0-9]+)+)"


def generation(version: str) -> "str | None":
    """"8.3", "8.4" or "9", of a version as text; None for what is none of these."""
    parts = version.split(".")
    if (whole(parts[0]) or 0) >= 9:
        return "9"
    short = ".".join(parts[:2])
    return short if short in ("8.3", "8.4") else None


class DrbdVersion(Seen):
    """The versions of DRBD."""

    @lazy
    def drbd_module(self) -> "tuple[str, Where]":
        """(version of DRBD's kernel module as text, Where it is reported).

        :raises Unavailable: nothing reports it
        """
        for path, pattern in (("/proc/drbd", r"^version:\s*" + _VERSION),
                              ("/sys/module/drbd/version", "^" + _VERSION)):
            match = re.search(pattern, self.text(path) or "", re.MULTILINE)
            if match:
                return match.group(1), Where(path)
        try:
            text = self.output("modinfo-drbd")
        except Unavailable as problem:
            try:
                return self._said("DRBD_KERNEL"), Where("drbdadm --version")
            except Unavailable:
                raise problem from None
        match = re.search(r"^version:\s*" + _VERSION, text, re.MULTILINE)
        if not match:
            raise Unavailable("modinfo drbd prints no version")
        return match.group(1), Where("modinfo drbd")

    @lazy
    def drbd_tools(self) -> str:
        """The version of drbd-utils as text, from ``drbdadm --version``.

        :raises Unavailable: it does not say
        """
        return self._said("DRBDADM")

    def _said(self, what: str) -> str:
        """A version in the output of ``drbdadm --version``: of DRBDADM or of DRBD_KERNEL."""
        for line in self.output("drbdadm-version").split("\n"):
            name, _, value = line.strip().partition("=")
            code = whole(value.strip(), 16)
            if name == what + "_VERSION" and value.strip("\"' "):
                return value.strip("\"' ")
            if name == what + "_VERSION_CODE" and code:
                return f"{code >> 16 & 0xff}.{code >> 8 & 0xff}.{code & 0xff}"
        raise Unavailable("drbdadm --version prints no version")

    @lazy
    def drbd_generation(self) -> "str | None":
        """The generation whose drbdadm reads the files; None if nothing shows it.

        drbd-utils 9 have one for each generation and use that of the module. Without a module
        it is 9 if the files have what drbdadm itself takes for the sign of DRBD 9.
        """
        try:
            return generation(self.drbd_module[0])
        except Unavailable:
            pass
        try:
            if generation(self.drbd_tools) in ("8.3", "8.4"):
                return generation(self.drbd_tools)
        except Unavailable:
            pass
        return "9" if drbdfiles.is_nine(self.tree.files) else None
