# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab reads from DRBD's kernel files and from crm_mon."""
import pytest

from lablib import observe

DRBD = """\
version: 8.4.11 (api:1/proto:86-101)
srcversion: F73C670A7EC572DB9CF3E5B
 0: cs:Connected ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:555 nr:0 dw:555 dr:5424 al:1 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0

 2: cs:WFConnection ro:Primary/Unknown ds:UpToDate/Outdated C s-----
 3: cs:Unconfigured
"""

CRM_MON = """\
<pacemaker-result api-version="2.25" request="crm_mon -1">
  <summary><current_dc present="true" with_quorum="true"/><cluster_options stonith-enabled="true" maintenance-mode="false"/></summary>
  <nodes>
    <node name="node1" id="1" online="true" standby="false" pending="false" unclean="false"/>
    <node name="node2" id="2" online="false" standby="false" pending="false" unclean="true"/>
  </nodes>
  <resources>
    <clone id="drbd-clone" multi_state="true">
      <resource id="drbd" resource_agent="ocf:linbit:drbd" role="Promoted" active="true" failed="false" blocked="false">
        <node name="node1" id="1"/>
      </resource>
      <resource id="drbd" resource_agent="ocf:linbit:drbd" role="Stopped" active="false" failed="false" blocked="false"/>
    </clone>
    <clone id="locking-clone"><group id="locking:0">
      <resource id="dlm:0" resource_agent="ocf:pacemaker:controld" role="Started" active="true" failed="false" blocked="false" pending="Monitoring">
        <node name="node1" id="1"/>
      </resource>
    </group></clone>
  </resources>
  <failures><failure op_key="vg0_start_0" node="node1" exitstatus="error" exitreason="vgs: no &amp;apos;VG&amp;apos;" call="7"/>
   <failure op_key="drbd_monitor_20000" node="node1" exitstatus="promoted (degraded)" exitreason="alone" call="9"/></failures>
  <status code="0" message="OK"/>
</pacemaker-result>
"""


def test_drbd_by_minor():
    assert observe.drbd(DRBD) == ("Connected", "Primary", "Secondary", "UpToDate", "Inconsistent", False, 0)
    assert observe.drbd(DRBD, 2) == ("WFConnection", "Primary", "Unknown", "UpToDate", "Outdated", True, None)
    assert observe.drbd(DRBD, 1) is None and observe.drbd(DRBD, 3) is None
    assert observe.drbd("") is None


def test_cluster_nodes_resources_and_failures():
    seen = observe.cluster(CRM_MON)
    assert seen.quorate and not seen.maintenance
    assert (seen.online, seen.unclean) == ({"node1"}, {"node2"})
    assert [(each.resource, each.role, each.node) for each in seen.instances] == [
        ("drbd", "Promoted", "node1"),
        ("drbd", "Stopped", None),
        ("dlm", "Started", "node1"),
    ]
    assert seen.failures == (("vg0_start_0", "node1", "error", "vgs: no 'VG'"),)
    assert seen.degraded == (("drbd_monitor_20000", "node1", "promoted (degraded)", "alone"),)


def test_what_is_lacking_is_named():
    seen = observe.cluster(CRM_MON)
    text = observe.unsettled(seen, {("drbd", "node1"): "Promoted", ("drbd", "node2"): "Promoted"})
    assert "drbd on node2 is Stopped, not Promoted" in text
    assert "dlm on node1 is Monitoring" in text
    assert "vgs: no 'VG'" in text
    assert "drbd on node1" not in text


def test_nothing_is_lacking():
    seen = observe.cluster(CRM_MON.replace(' pending="Monitoring"', ""))
    assert observe.unsettled(seen, {("drbd", "node1"): "Promoted", ("dlm", "node1"): "Started"}) == ""


@pytest.mark.parametrize("text", ["", "crm_mon: Connection to cluster failed", "<pacemaker-result>"])
def test_what_is_no_xml_is_an_error_that_shows_it(text):
    with pytest.raises(ValueError, match="not crm_mon's XML"):
        observe.cluster(text)


def test_a_failed_start_is_hopeless_only_where_the_resource_is_wanted_and_does_not_run():
    seen = observe.cluster(CRM_MON)
    assert [each.reason for each in observe.hopeless(seen, {("vg0", "node1"): "Started"})] == ["vgs: no 'VG'"]
    assert observe.hopeless(seen, {("vg0", "node2"): "Started", ("drbd", "node1"): "Promoted"}) == []
    running = seen._replace(instances=(seen.instances[0]._replace(resource="vg0"),))
    assert observe.hopeless(running, {("vg0", "node1"): "Started"}) == []
