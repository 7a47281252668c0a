# SPDX-License-Identifier: GPL-2.0-or-later
"""The errors of the lab: each says what happened and what to do about it."""


class LabError(Exception):
    """Something the user can act on. The text is complete: what happened and the next step."""


class HostError(LabError):
    """The host lacks something that the lab needs."""


class NodeGone(LabError):
    """The node's machine is not running, or its guest agent does not answer."""


class CommandTimeout(LabError):
    """A command in a guest did not end in time; `result` holds what it printed until then."""

    def __init__(self, text, result):
        super().__init__(text)
        self.result = result


class CommandFailed(LabError):
    """A command in a guest that had to succeed did not; `result` holds its code and output."""

    def __init__(self, text, result):
        super().__init__(text)
        self.result = result


class WaitTimeout(LabError):
    """What was waited for did not come; the text says what was seen last."""


class Hopeless(LabError):
    """What is waited for cannot come any more; the text says why."""
