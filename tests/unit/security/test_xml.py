# SPDX-License-Identifier: GPL-2.0-or-later
"""XML is parsed without entities, without other files and without network."""

import pytest

from dualstor.command.check.parsers import xml as lines
from dualstor.command.configure.render import cman as cluster_conf
from dualstor.errors import ParseError
from dualstor.tools import pacemaker, stonith, xmltext
from sourcetree import SHIPPED, imports

PARSERS = [lambda text: xmltext.parse("a file", text), pacemaker.parse_mon, stonith.parse_history,
           cluster_conf.version]

_TENFOLD = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
BOMB = f'<!DOCTYPE lolz [<!ENTITY a "lol">{_TENFOLD}]>'


def document(head, body):
    return (f'<?xml version="1.0"?>\n{head}\n'
            f"<pacemaker-result><nodes>{body}</nodes></pacemaker-result>")


@pytest.mark.parametrize("parse", PARSERS)
class TestEveryParser:
    """Each function that is given XML."""

    def test_an_entity_bomb_is_refused_before_it_is_read(self, parse):
        with pytest.raises(ParseError, match="document type"):
            parse(document(BOMB, "&j;"))

    def test_an_external_entity_is_not_fetched(self, parse, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("root:x:0:0")
        with pytest.raises(ParseError) as caught:
            parse(document(f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>', "&e;"))
        assert "root:x" not in str(caught.value)

    @pytest.mark.parametrize("where", ["file:///etc/passwd", "http://192.0.2.1/x.dtd"])
    def test_an_external_document_type_is_not_fetched(self, parse, where):
        with pytest.raises(ParseError, match="document type"):
            parse(document(f'<!DOCTYPE pacemaker-result SYSTEM "{where}">', ""))

    def test_an_undeclared_entity_is_an_error(self, parse):
        with pytest.raises(ParseError):
            parse(document("", "&secret;"))

    @pytest.mark.parametrize("text", ["", "<", "\x00", "<a>" * 100000, "\ud800", "<a b='\x01'/>"])
    def test_what_is_no_document_is_a_typed_error(self, parse, text):
        with pytest.raises(ParseError):
            parse(text)


def test_an_include_is_not_followed():
    root = xmltext.parse("x", '<a xmlns:xi="http://www.w3.org/2001/XInclude">'
                              '<xi:include href="/etc/passwd" parse="text"/></a>')
    assert root[0].text is None and len(list(root.iter())) == 2


def test_the_line_of_the_document_type_is_shown():
    with pytest.raises(ParseError) as caught:
        xmltext.parse("a file", document("<!DOCTYPE x>", ""))
    assert caught.value.line == "<!DOCTYPE x>"


class TestTheParserThatShowsLines:
    """``dualstor check`` reads what is not well-formed, too, and tells the line."""

    def test_entities_are_neither_expanded_nor_fetched(self, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("root:x:0:0")
        for head, body in ((BOMB, "&j;"),
                           (f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>', "&e;")):
            root, _ = lines.parse(document(head, body), "cluster.conf")
            text = "" if root is None else "".join(root.itertext(with_tail=True))
            assert "root:x" not in text and "lol" not in text

    @pytest.mark.parametrize("text", ["", "<", "\x00", "<a>" * 100000, "\ud800", "<a b='\x01'/>"])
    def test_what_is_no_document_is_a_problem_with_its_place(self, text):
        _, problems = lines.parse(text, "cluster.conf")
        assert problems and problems[0].where.source == "cluster.conf"


def test_there_is_no_other_place_that_parses_xml():
    """``metadata`` and what configure renders only write XML; cman's rule reads our own schema."""
    users = {path for path in SHIPPED if imports(path) & {"xml", "lxml", "defusedxml"}}
    assert users == {"lib/dualstor/tools/xmltext.py", "lib/dualstor/ocf/metadata.py",
                     "lib/dualstor/command/check/parsers/xml.py",
                     "lib/dualstor/command/check/rules/cman_structure.py",
                     "lib/dualstor/command/configure/render/cib.py",
                     "lib/dualstor/command/configure/render/cman.py"}, \
        "use dualstor.tools.xmltext.parse"
