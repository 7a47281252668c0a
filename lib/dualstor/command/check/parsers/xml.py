# SPDX-License-Identifier: GPL-2.0-or-later
"""XML that others wrote (cluster.conf, the CIB): no entities, no network, any bytes.

What is not well-formed is parsed as far as possible, so that other rules can still be checked.
"""

import re

from lxml import etree

from dualstor.command.check.parsers.where import Problem, Where

TYPE_CHECKING = False   # only mypy sees what is imported there
if TYPE_CHECKING:
    Element = etree._Element

#: The declaration may name an encoding that the text, read as UTF-8, no longer has. One that is
#: wrong, or is not at the very beginning, stays: libxml2 refuses it.
_DECLARATION = re.compile(r"""<\?xml\s+version\s*=\s*(?:"1\.[0-9]+"|'1\.[0-9]+')"""
                          r"""(?:\s+encoding\s*=\s*(?:"[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?"""
                          r"""(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>""",
                          re.ASCII)


def _parser(recover: bool) -> "etree.XMLParser":
    return etree.XMLParser(recover=recover, resolve_entities=False, no_network=True,
                           load_dtd=False, huge_tree=False, remove_comments=False)


def parse(text: str, path: str) -> "tuple[Element | None, tuple[Problem, ...]]":
    """(root element or None, Problems); the root has all that could be parsed."""
    match = _DECLARATION.match(text)
    if match:  # blanks in its place keep the lines' numbers
        text = "\n" * match.group().count("\n") + text[match.end():]
    data = text.encode("utf-8", "backslashreplace")
    try:
        return etree.fromstring(data, _parser(False)), ()
    except (etree.XMLSyntaxError, ValueError) as problem:
        line = getattr(problem, "lineno", None)
        said = re.sub(r",? \(?line [0-9]+.*$", "", str(problem.msg if hasattr(problem, "msg")
                                                    else problem))
    try:
        root: "Element | None" = etree.fromstring(data, _parser(True))
    except (etree.XMLSyntaxError, ValueError):
        root = None
    return root, (Problem(Where(path, line), said),)


def at(element: "Element", path: str) -> Where:
    """Where an element begins."""
    return Where(path, element.sourceline)  # type: ignore[arg-type]  # "..." in the stub


def elements(root: "Element | None", *names: str) -> "list[Element]":
    """The elements of these names, in the order of the document."""
    return [] if root is None else list(root.iter(*names))
