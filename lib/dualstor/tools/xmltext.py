# SPDX-License-Identifier: GPL-2.0-or-later
"""XML of programs and configuration files: no document type, so no entities and no network."""

from dualstor.errors import ParseError

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: The one place in which XML can declare entities or name further files (XML 1.0, 2.8).
_DOCTYPE = "<!DOCTYPE"


def _line(text: str, number: int) -> str:
    lines = text.splitlines() or [""]
    return lines[max(0, min(number, len(lines)) - 1)]


def parse(source: str, text: str) -> "Element":
    """The root element of a document, as xml.etree.ElementTree has it.

    :param source: the command or path it comes from, for errors
    :raises ParseError: it is cut off, something else, or has a document type
    """
    if _DOCTYPE in text:
        raise ParseError(source, _line(text, text[:text.index(_DOCTYPE)].count("\n") + 1),
                         "XML with a document type is not read")
    from xml.etree import ElementTree
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as problem:
        raise ParseError(source, _line(text, problem.position[0]), f"not XML ({problem})") from None
    except ValueError as problem:   # a str with an encoding that cannot be
        raise ParseError(source, _line(text, 1), f"not XML ({problem})") from None
