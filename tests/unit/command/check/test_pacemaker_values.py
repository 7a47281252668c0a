# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of several values counts; times. As crm_simulate 2.1.5 shows for the same texts."""

import pytest

from dualstor.command.check.view.pacetime import duration, seconds
from dualstor.command.check.view.seen import Unavailable

from . import cibs
from .cibs import cib, pairs, view


def _set(identifier, value, score=""):
    return pairs("cluster_property_set", identifier, {"stonith-enabled": value},
                 f'score="{score}"' if score else "")


@pytest.mark.parametrize("sets, value", [
    (_set("a", "true"), "true"),
    (_set("a", "true") + _set("b", "false"), "false"),          # the last of equal ones
    (_set("a", "true", "5") + _set("b", "false"), "true"),
    (_set("a", "true", "-5") + _set("b", "false", "-INFINITY"), "true"),
    (_set("cib-bootstrap-options", "true") + _set("b", "false", "INFINITY"), "true"),
    (_set("b", "false", "INFINITY") + _set("cib-bootstrap-options", "true"), "true"),
    ('<cluster_property_set id="a"><nvpair id="1" name="stonith-enabled" value="true"/>'
     '<nvpair id="2" name="stonith-enabled" value="false"/></cluster_property_set>', "true"),
    (_set("a", "true", "9") + '<cluster_property_set id-ref="c"/>'
     '<cluster_property_set id-ref="missing"/>' + _set("c", "false", "10"), "false"),
    ('<cluster_property_set id="a"><nvpair id-ref="b-0"/></cluster_property_set>'
     + _set("b", "false", "-1"), "false"),
])
def test_which_option_counts(sets, value):
    assert view(cib(crm_config=sets)).option("stonith-enabled")[0] == value


RULED = ('<cluster_property_set id="r" score="{score}"><rule id="x">{inner}</rule>'
         '<nvpair id="r1" name="stonith-enabled" value="false"/></cluster_property_set>')
DATE = '<date_expression id="d" operation="gt" start="2020-01-01"/>'


def test_what_depends_on_a_rule_is_not_known():
    text = cib(crm_config=RULED.format(score=9, inner=DATE) + _set("a", "true"))
    with pytest.raises(Unavailable, match="depends on a rule"):
        view(text).option("stonith-enabled")
    assert "PCMK-FENCING" in {one.rule.id for one in cibs.verdict(text).unseen}


def test_a_rule_that_comes_too_late_does_not_matter():
    text = cib(crm_config=RULED.format(score=-9, inner=DATE) + _set("a", "true"))
    assert view(text).option("stonith-enabled")[0] == "true"


def _clone(meta="", inner="", agent='class="ocf" provider="dualstor" type="clvmd"'):
    return f'<clone id="c">{meta}<primitive id="p" {agent}>{inner}</primitive></clone>'


def _meta(identifier, **values):
    return pairs("meta_attributes", identifier,
                 {name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize("resources, defaults, value", [
    (_clone(_meta("m", interleave="true")), "", "true"),
    (_clone(), _meta("d", interleave="true"), "true"),
    (_clone(_meta("m", interleave="false")), _meta("d", interleave="true"), "false"),
    (_clone(inner=_meta("m", interleave="true")), "", None),    # a primitive's is not the clone's
])
def test_meta_attributes_of_a_clone(resources, defaults, value):
    found = view(cib(resources, rest=f"<rsc_defaults>{defaults}</rsc_defaults>"))
    assert found.resources[0].clone.meta.get("interleave") == value


@pytest.mark.parametrize("inner, clone, defaults, value", [
    (_meta("m", target_role="Started"), _meta("n", target_role="Stopped"), "", "Started"),
    ("", _meta("n", target_role="Stopped"), _meta("d", target_role="Started"), "Stopped"),
    ("", "", _meta("d", target_role="Stopped"), "Stopped"),
    ("", "", '<meta_attributes id="e"><rule id="f"><rsc_expression id="g" type="clvmd"/></rule>'
             '<nvpair id="h" name="target-role" value="Stopped"/></meta_attributes>', "Stopped"),
    ("", "", '<meta_attributes id="e"><rule id="f"><rsc_expression id="g" class="stonith"/></rule>'
             '<nvpair id="h" name="target-role" value="Stopped"/></meta_attributes>', None),
])
def test_meta_attributes_of_a_primitive(inner, clone, defaults, value):
    found = view(cib(_clone(clone, inner), rest=f"<rsc_defaults>{defaults}</rsc_defaults>"))
    assert found.resources[0].meta.get("target-role") == value


TEMPLATE = ('<template id="t" class="ocf" provider="dualstor" type="clvmd">'
            '<meta_attributes id="tm"><nvpair id="t1" name="priority" value="1"/>'
            '<nvpair id="t2" name="target-role" value="Stopped"/></meta_attributes>'
            '<operations><op id="to1" name="monitor" interval="10s" timeout="1min"/>'
            '<op id="to2" name="stop" interval="0" timeout="7"/></operations></template>')


def test_a_template_gives_what_the_primitive_does_not_say():
    text = cib(TEMPLATE + _clone(agent='template="t"', inner=_meta("m", priority="2")
               + '<operations><op id="o1" name="monitor" interval="20s" timeout="5"/>'
               '</operations>'))
    one, = view(text).resources
    assert one.kind == "ocf:dualstor:clvmd"
    assert (one.meta["priority"], one.meta["target-role"]) == ("2", "Stopped")
    assert [(op.name, op.interval, op.timeout) for op in one.operations] == [
        ("monitor", 20, 5), ("stop", 0, 7)]


def test_a_template_that_is_not_there_and_one_by_the_id_of_something_else():
    for name in ("nothing", "c"):
        one, = view(cib(_clone(agent=f'template="{name}"'))).resources
        assert one.kind == ""


@pytest.mark.parametrize("op, defaults, value", [
    ('timeout="30s"', _meta("d", timeout="40"), 30),
    ('timeout="PT2M"', "", 20),         # no duration: Pacemaker's own default
    ('timeout="soon"', "", 20), ("", _meta("d", timeout="40"), 40), ("", "", None),
    ("", _meta("d", timeout="40") + _meta("e", timeout="50"), 50),
    ("", '<meta_attributes id="d"><rule id="r"><op_expression id="x" name="start"/></rule>'
         '<nvpair id="n" name="timeout" value="40"/></meta_attributes>', 40),
    ("", '<meta_attributes id="d"><rule id="r"><op_expression id="x" name="stop"/></rule>'
         '<nvpair id="n" name="timeout" value="40"/></meta_attributes>', None),
])
def test_timeout_of_an_operation(op, defaults, value):
    inner = f'<operations><op id="o" name="start" interval="0" {op}/></operations>'
    found = view(cib(_clone(inner=inner), rest=f"<op_defaults>{defaults}</op_defaults>"))
    assert found.resources[0].operations[0].timeout == value


def test_attributes_of_an_operation_come_before_its_blocks():
    inner = ('<operations><op id="o" name="start" interval="0" timeout="5">'
             + _meta("m", timeout="9", on_fail="block") + "</op></operations>")
    op, = view(cib(_clone(inner=inner))).resources[0].operations
    assert (op.timeout, op.meta["on-fail"]) == (5, "block")


def test_only_the_attribute_disables_an_operation():
    inner = ('<operations><op id="o" name="monitor" interval="5" enabled="false"/>'
             '<op id="q" name="monitor" interval="6">' + _meta("m", enabled="false")
             + "</op></operations>")
    found = view(cib(_clone(inner=inner))).resources[0]
    assert [op.recurs for op in found.operations] == [False, True]


@pytest.mark.parametrize("text, value", [
    ("20", 20), ("20s", 20), ("20 sec", 20), ("3min", 180), ("2minutes", 120), ("500ms", 0.5),
    ("500msec", 0.5), ("1h", 3600), ("1hr", 3600), ("", None), ("soon", None), (None, None),
    ("1 m", 60), ("-1", None), ("1us", 0.000001), (" 90 S", 90), ("1.5min", 60), ("120Ms", 0.12),
    ("10d", None), ("120x", None), ("PT2M", None)])
def test_timeouts(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text, value", [
    ("20s", 20), ("PT30S", 30), ("PT2M30S", 150), ("P1D", 86400), ("PT1H", 3600), ("P1W", 604800),
    ("P1DT12H", 129600), ("P1M", 30 * 86400), ("PT0S", 0), ("P", None), ("PT", None), ("P5", None),
    ("PT5X", None), ("pt5s", None), (None, None), ("soon", None)])
def test_intervals(text, value):
    assert duration(text) == value


def test_a_rule_that_refers_to_itself_ends():
    text = cib(crm_config=RULED.format(score=9, inner='<rule id-ref="x"/>'))
    with pytest.raises(Unavailable):
        view(text).option("stonith-enabled")
