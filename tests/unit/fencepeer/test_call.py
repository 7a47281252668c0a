# SPDX-License-Identifier: GPL-2.0-or-later
"""The environment of the fence-peer handler, of each generation of DRBD."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.fencepeer.call import Call, parse
from dualstor.kernel.drbd import is_resource_name

from .calls import DRBD_8, DRBD_9, without


def test_drbd_9_numbers_its_nodes():
    assert parse(DRBD_9) == Call(resource="r0", peers=("node2",), conf="/etc/drbd.conf",
                                 cstate="NetworkFailure")
    assert parse(dict(DRBD_9, DRBD_PEER_NODE_ID="0")).peers == ("node1",)


def test_drbd_8_names_the_peer():
    assert parse(DRBD_8) == Call(resource="r0", peers=("node2",), conf="/etc/drbd.conf")
    assert parse(without(DRBD_8, "DRBD_PEERS")).peers == ("node2",), "as 8.2 did"


def test_a_number_without_a_name_is_no_peer():
    assert parse(without(DRBD_9, "DRBD_NODE_ID_1")).peers == ()
    assert parse(dict(DRBD_9, DRBD_PEER_NODE_ID="", DRBD_PEERS="node3")).peers == ()


@pytest.mark.parametrize("environ", [
    dict(DRBD_9, DRBD_NODE_ID_1="node2 node3"), dict(DRBD_8, DRBD_PEERS="node2 node3")])
def test_a_host_section_of_several_names_gives_all(environ):
    assert parse(environ).peers == ("node2", "node3")


@pytest.mark.parametrize("name", ["", "all", "-f", "a b", "../r0", "r0;x"])
def test_what_cannot_be_a_resource_is_none(name):
    assert parse(dict(DRBD_9, DRBD_RESOURCE=name)).resource is None
    assert parse({}) == Call(resource=None)


@given(st.dictionaries(st.sampled_from(sorted(set(DRBD_8) | set(DRBD_9))), st.text()))
def test_any_environment_is_a_call(environ):
    call = parse(environ)
    assert call.resource is None or is_resource_name(call.resource)
    assert all(name and not any(c.isspace() for c in name) for name in call.peers)
    assert call.conf is None or call.conf.startswith("/")
