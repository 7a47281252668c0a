# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be the name of a DRBD resource, or the path of a configuration file of DRBD's."""

#: As ocf:linbit:drbd checks a resource's name, but for "/", which the kernel refuses.
_NAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-%+.:=@_")
_NAME_LIMIT = 127   # linux/drbd_genl.h, ctx_resource_name
_PATH_LETTERS = _NAME_LETTERS | frozenset("/,~")
_PATH_LIMIT = 4095


def is_resource_name(text: str) -> bool:
    """Whether *text* can be the name of one DRBD resource (drbdadm takes "all" for all of them)."""
    return (0 < len(text) <= _NAME_LIMIT and set(text) <= _NAME_LETTERS
            and not text.startswith("-") and text not in (".", "..", "all"))


def is_path(text: str) -> bool:
    """Whether *text* is an absolute path without blanks and without ".."."""
    return (text.startswith("/") and len(text) <= _PATH_LIMIT and set(text) <= _PATH_LETTERS
            and ".." not in text.split("/"))
