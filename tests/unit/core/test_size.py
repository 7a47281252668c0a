# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program says may be long: a parser's work grows with it, and not with its square.

Work is counted in lines of Python that are run, never in seconds. What a line event does not show,
a tuple or a text that is copied whole to be one longer, is forbidden in the source.
"""

import ast
import logging
import sys

import pytest

from dualstor import log
from dualstor.command.check.filters import chains
from dualstor.command.check.filters.packet import MAYBE, NO, YES, Packet
from dualstor.command.check.parsers.where import Where
from dualstor.errors import ParseError, shown
from dualstor.host.run import OUTPUT_LIMIT
from dualstor.tools import ccs, drbdconf, lvm_messages, lvmconf
from growing import LINK, PARSERS, grown, outcome, state, wrong
from sourcetree import SHIPPED, parsed
from unit.drbd.helpers import PaperHost

FEW, FACTOR = 60, 8


def work(function, text):
    """How many lines of Python *function* runs over *text*; one that refuses it does so, too."""
    count = 0

    def step(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return step
    before = sys.gettrace()
    sys.settrace(step)
    try:
        function(text)
    except ParseError:
        pass
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_eight_times_the_text_is_not_much_more_than_eight_times_the_work(name):
    function, text = grown(name, FEW)
    function(text)      # it is understood, and what is imported or compiled once is
    few = work(function, text)
    many = work(*grown(name, FEW * FACTOR))
    assert many <= few * FACTOR * 1.25, (few, many)


def test_a_resource_has_no_thousands_of_hosts():
    with pytest.raises(ParseError, match="too many hosts"):
        drbdconf.parse(f"resource r0 {{{''.join(f'on n{n} {{ }}' for n in range(1000))}}}")


def test_nor_of_connections():
    """Each has the state of each volume: that would be a square."""
    with pytest.raises(ParseError, match="too many connections"):
        state("exists resource name:r0 role:Primary\n"
               + "".join(LINK.replace("@", str(n)) for n in range(1000)) + "exists -\n")


def test_sections_are_not_nested_without_end():
    with pytest.raises(ParseError, match="nested too deeply"):
        lvmconf.parse("a { b = 1 " * 10000)


# -- one line that is long -----------------------------------------------------------------------

LONG = "x" * OUTPUT_LIMIT


@pytest.mark.parametrize("said", [
    lambda: wrong(LONG), lambda: outcome(LONG).says, lambda: outcome("0: Failure: " + LONG).says,
    lambda: lvm_messages.classify(LONG)[0].text,
    lambda: lvm_messages.classify("Skipping clustered volume group " + LONG)[0].name,
    lambda: str(ParseError("a", LONG)), lambda: ParseError("a", LONG).line,
    lambda: ccs.validate(PaperHost(
        programs={"ccs_config_validate": lambda _: (3, LONG, "")})).says])
def test_a_long_line_is_not_told_whole(said):
    assert 0 < len(said()) < 500


def test_nor_is_it_in_the_log(monkeypatch):
    told = []
    monkeypatch.setattr(log.syslog, "syslog", lambda _, line: told.append(line))
    monkeypatch.setattr(logging.getLogger(log.NAME), "handlers", [])
    log.start("clvmd", {})
    log.warning("%s", LONG + "\nb")
    assert len(told[0]) < 5000 and told[1:] == ["WARNING: b"]
    log.warning("%s", "a\n" * 240000)
    assert len(told) < 1000


def test_a_line_that_is_not_long_is():
    assert shown("  a b \n") == "a b" and shown("x" * 400) == "x" * 400


# -- what a packet meets --------------------------------------------------------------------------

def test_a_chain_to_which_many_jump_is_walked_once():
    asked = []

    def port(number):
        asked.append(number)
        return NO
    layers, here = 18, Where("rules", 1)
    known = {str(n): [_jump(str(n + 1), MAYBE)] * 3 for n in range(layers)}
    known[str(layers)] = [chains.simple(here, port, chains.ACCEPT)]
    assert _through(known) == chains.CLOSED
    assert len(asked) == 1


def test_chains_that_jump_in_a_circle_come_to_an_end():
    known = {"0": [_jump("1", YES)],
             "1": [_jump("0", YES), chains.simple(Where("rules"), lambda _: YES, chains.ACCEPT)]}
    assert _through(known) == chains.OPEN


def _jump(name, match):
    return chains.simple(Where("rules", 1), lambda _: match, chains.JUMP + name)


def _through(known):
    entry = chains.Chain(name="0", policy=chains.DROP, where=Where("rules", 1))
    return chains.passage([entry], known, Packet("udp", 5405), Where("rules")).result


# -- copies that a count of lines does not show ---------------------------------------------------

def _loops(tree):
    return [node for node in ast.walk(tree) if isinstance(node, (ast.For, ast.While))]


def _copies(tree):
    """Where a tuple or a text grows by being copied in a loop, as text."""
    found = []
    for loop in _loops(tree):
        for node in ast.walk(loop):
            if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) \
                    and isinstance(node.value, (ast.Tuple, ast.JoinedStr)):
                found.append(ast.unparse(node))
            value = getattr(node, "value", None)
            if isinstance(node, ast.keyword) and isinstance(value, ast.BinOp) \
                    and isinstance(value.op, ast.Add) and node.arg \
                    and getattr(value.left, "attr", None) == node.arg:
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", [p for p in SHIPPED if "/tools/" in p or "/kernel/" in p])
def test_nothing_grows_by_being_copied(path):
    assert _copies(parsed(path)) == []


@pytest.mark.parametrize("text", [
    "for x in y:\n found[-1] = found[-1].but(nodes=found[-1].nodes + (x,))",
    "while x:\n held += (x,)"])
def test_such_a_copy_is_noticed(text):
    assert _copies(ast.parse(text))
