# SPDX-License-Identifier: GPL-2.0-or-later
"""The exit reason as the cluster manager will show it."""

#: Characters that Pacemaker keeps; the rest is cut off without a mark
#: (daemons/execd/execd_commands.c, EXIT_REASON_MAX_LEN counts the closing NUL).
LIMIT = 127

_MARK = " ... "
_TAIL = 80                    # characters of the next step that are kept at most
_SEPARATORS = (": ", "; ", ", ")


def fitted(text):
    """A reason that fits: what is wrong at its beginning, the next step at its end.

    Our reasons read "resource action: object: what is wrong: next step", so a long one is
    cut in the middle, the end at a separator where there is one. The whole text belongs
    into the log.

    :param text: one line
    :returns: at most LIMIT characters
    """
    if len(text) <= LIMIT:
        return text
    tail = text[-_TAIL:]
    for separator in _SEPARATORS:
        at = tail.find(separator)
        if at >= 0:
            tail = tail[at + len(separator):]
            break
    else:
        tail = tail.partition(" ")[2] or tail
    return text[:LIMIT - len(_MARK) - len(tail)].rstrip() + _MARK + tail
