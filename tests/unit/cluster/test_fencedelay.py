# SPDX-License-Identifier: GPL-2.0-or-later
"""By how much the fencing of each node is delayed: in every form that Pacemaker takes."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.tools import cib, fencedelay

_CIB = os.path.join(os.path.dirname(__file__), "..", "..", "data", "check", "cib.xml")
BOTH = ("node1", "node2")


def device(**parameters):
    return '<primitive id="f" class="stonith" type="fence_ipmilan"><instance_attributes id="p">%s' \
        "</instance_attributes></primitive>" % "".join(
            '<nvpair id="%s" name="%s" value="%s"/>' % (name, name, value)
            for name, value in parameters.items())


def of(*devices):
    """The delays of both nodes, None for what is not known."""
    root = cib.parse("<cib><configuration><resources>%s</resources></configuration></cib>" % "".join(devices))
    return tuple(fencedelay.delay(root, node) for node in BOTH)


def test_as_configure_writes_it():
    with open(_CIB, encoding="utf-8") as stream:
        text = stream.read()
    assert [fencedelay.delay(cib.parse(text), node) for node in BOTH] == [5.0, 0.0]


@pytest.mark.parametrize("text, seconds", [
    ("5s", 5.0), ("5", 5.0), ("1500ms", 1.5), ("2min", 120.0), ("2 m", 120.0), ("0", 0.0),
    ("node1:5s;node2:1s", 5.0), ("node2:1s", 0.0), ("node2:1s node1:7", 7.0)])
def test_a_fixed_delay(text, seconds):
    assert of(device(pcmk_host_list="node1 x", pcmk_delay_base=text),
              device(pcmk_host_map="node2:2")) == (seconds, 0.0)


def test_the_agents_own_delay_and_the_longest_of_several_devices():
    assert of(device(pcmk_host_list="node1", delay="3"), device(pcmk_host_list="node1"),
              device(pcmk_host_list="node2")) == (3.0, 0.0)


@pytest.mark.parametrize("devices", [
    (), (device(pcmk_host_list="node1"),),                              # node2 has none
    (device(pcmk_delay_base="5s"),),                                    # it is asked for its nodes
    (device(pcmk_host_list="node1 node2", pcmk_delay_max="10s"),),      # at random
    (device(pcmk_host_list="node1 node2", pcmk_delay_base="soon"),)])
def test_what_is_not_known_is_not_guessed(devices):
    assert None in of(*devices)


@given(st.text(max_size=20))
def test_any_text(value):
    assert fencedelay._seconds(value) is None or fencedelay._seconds(value) >= 0
