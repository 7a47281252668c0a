# SPDX-License-Identifier: GPL-2.0-or-later
"""Pacemaker: crm_mon, crm_node, crm_attribute, crm_master, attrd_updater, stonith_admin,
crm_resource.

2.1 with lvmlockd, 1.1 on cman with clvmd: that has no --output-as and no --promotion, and says
with 6 what 2.x says with 105.
"""

import re

from simulator import membership
from simulator.programs import groups, program
from simulator.state import CLVMD

_NOT_CONNECTED = 102


def _old(call):
    return call.cluster.generation == CLVMD


def _down(call, what="controller"):
    """Whether the cluster does not answer here; says so as the tools do."""
    if call.node.engine and call.node.pacemaker:
        return False
    call.err("error: Could not connect to %s: Connection refused" % what)
    return True


def _seen(call, each):
    """(whether a node is online, whether it is unclean) as this one sees it."""
    online = each.id in call.node.members
    # with startup fencing a node that was never seen counts as unclean
    return online, each.id in call.node.unclean or not (online or call.node.joined_once)


def _xml_nodes(call):
    node = call.node
    for each in call.cluster.nodes.values():
        online, unclean = _seen(call, each)
        feature = ' health="green"' + (' feature_set="3.16.1"' if online else "")
        if _old(call):
            feature = ""
        call.out('    <node name="%s" id="%d" online="%s" standby="%s" standby_onfail="false" '
                 'maintenance="%s" pending="false" unclean="%s"%s '
                 'shutdown="false" expected_up="%s" is_dc="%s" resources_running="%d" '
                 'type="member"/>' % (
                     each.name, each.id, str(online).lower(),
                     str(each.wishes == "standby").lower(), str(each.wishes == "maintenance").lower(),
                     str(unclean).lower(), feature, str(online).lower(),
                     str(each.id == min(node.members)).lower(), 1 if online else 0))


def _summary(call, indent):
    cluster, node = call.cluster, call.node
    dc = cluster.node_by_id(min(node.members))
    quorum = str(membership.quorate(cluster, node)).lower()
    if _old(call):
        call.out('%s<current_dc present="true" version="1.1.10-14.el6-368c726" name="%s" id="%s" '
                 'with_quorum="%s"/>' % (indent, dc.name, dc.name, quorum))
        call.out('%s<nodes_configured number="2" expected_votes="2"/>' % indent)
        call.out('%s<cluster_options stonith-enabled="%s" symmetric-cluster="true" '
                 'no-quorum-policy="freeze" maintenance-mode="%s"/>' % (
                     indent, str(cluster.fencing_enabled).lower(), str(cluster.maintenance).lower()))
        return
    call.out('%s<stack type="corosync"/>' % indent)
    call.out('%s<current_dc present="true" version="2.1.5-a3f44794f94" name="%s" id="%d" '
             'with_quorum="%s" mixed_version="false"/>' % (indent, dc.name, dc.id, quorum))
    call.out('%s<nodes_configured number="2"/>' % indent)
    call.out('%s<resources_configured number="2" disabled="0" blocked="0"/>' % indent)
    call.out('%s<cluster_options stonith-enabled="%s" symmetric-cluster="true" '
             'no-quorum-policy="freeze" maintenance-mode="%s" stop-all-resources="false" '
             'stonith-timeout-ms="60000" priority-fencing-delay-ms="0"/>' % (
                 indent, str(cluster.fencing_enabled).lower(), str(cluster.maintenance).lower()))


@program("crm_mon")
def crm_mon(call):
    """crm_mon -1, as text, --output-as=xml or -X."""
    yield 0.05
    shown = " ".join(["crm_mon"] + call.args)
    output = call.value("--output-as")
    old = call.flag("-X", "--as-xml")
    if _old(call) and output:
        call.err("crm_mon: unrecognized option '--output-as=%s'" % output)
        return 64
    if not (call.node.engine and call.node.pacemaker):
        if output == "xml":
            call.out('<pacemaker-result api-version="2.25" request="%s">\n'
                     '  <status code="102" message="Not connected">\n    <errors>\n'
                     '      <error>error: Could not connect to launcher: Connection refused</error>\n'
                     '      <error>crm_mon: Connection to cluster failed: Connection refused</error>\n'
                     '    </errors>\n  </status>\n</pacemaker-result>' % shown)
        else:
            call.err("error: Could not connect to launcher: Connection refused\n"
                     "crm_mon: Connection to cluster failed: Connection refused")
        return _NOT_CONNECTED
    if output == "xml":
        call.out('<pacemaker-result api-version="2.25" request="%s">' % shown)
        call.out('  <pacemakerd sys_from="pacemakerd" state="running" '
                 'last_updated="2026-11-24 04:30:51Z"/>\n  <summary>')
        _summary(call, "    ")
        call.out("  </summary>\n  <nodes>")
        _xml_nodes(call)
        call.out('  </nodes>\n  <resources/>\n  <status code="0" message="OK"/>\n'
                 '</pacemaker-result>')
    elif old:
        call.out('<?xml version="1.0"?>\n<crm_mon version="1.1.10">\n    <summary>')
        _summary(call, "        ")
        call.out("    </summary>\n    <nodes>")
        _xml_nodes(call)
        call.out("    </nodes>\n    <resources>\n    </resources>\n</crm_mon>")
    else:
        online = " ".join(n.name for n in call.cluster.nodes.values()
                          if n.id in call.node.members)
        call.out("Cluster Summary:\n  * Stack: corosync\n\nNode List:\n  * Online: [ %s ]\n"
                 % online)
    return 0


@program("crm_node")
def crm_node(call):
    """crm_node -n, -l, -p, -q."""
    yield 0.03
    if _down(call):
        return _NOT_CONNECTED
    if call.flag("-n", "--name"):
        call.out(call.node.name)
    elif call.flag("-l", "--list"):
        for node in call.cluster.nodes.values():
            call.out("%d %s %s" % (node.id, node.name,
                                   "member" if node.id in call.node.members else "lost"))
    elif call.flag("-q", "--quorum"):
        call.out("1" if membership.quorate(call.cluster, call.node) else "0")
    elif call.flag("-p", "--partition"):
        call.out("".join("%s " % n.name for n in call.cluster.nodes.values()
                         if n.id in call.node.members))
    return 0


def _unset(call):
    """An attribute that is not there."""
    call.err("%sError performing operation: No such device or address"
             % ("" if _old(call) else "crm_attribute: "))
    return 6 if _old(call) else 105


def _score(call, instance):
    """Read, write or delete a promotion score, as update_attr_on_host() of attrd does."""
    value = call.value("-v", "--attr-value", "--update")
    name = "master-" + instance
    if call.flag("-D", "--delete"):
        value = None
    elif value is None:
        return _show_score(call, name, instance)
    if call.node.attributes.get(instance) != value:     # else attrd writes nothing
        for place in (call.node.attributes, call.node.scores):
            place.pop(instance, None)
            if value is not None:
                place[instance] = value
    return 0


def _show_score(call, name, instance):
    quiet = call.flag("-Q", "--quiet", "-q")
    if instance not in call.node.scores:
        return _unset(call)
    score = call.node.scores[instance]
    call.out(score if quiet else "scope=status  name=%s value=%s" % (name, score))
    return 0


@program("crm_attribute")
def crm_attribute(call):
    """Cluster options, and promotion scores with --promotion."""
    yield 0.05
    if _down(call):
        return _NOT_CONNECTED
    promotion = [a for a in call.args if a.startswith("--promotion") or a in ("-p",)]
    if promotion and _old(call):
        call.err("crm_attribute: unrecognized option '%s'" % promotion[0])
        return 22
    if promotion:
        for word in promotion:
            call.args.remove(word)
        instance = promotion[0].partition("=")[2] or \
            call.environment.get("OCF_RESOURCE_INSTANCE", "")
        call.value("-l", "--lifetime")
        call.value("-N", "--node")
        return _score(call, instance)
    name = call.value("-n", "--name", "--attr-name")
    call.value("-t", "--type")
    wanted = call.value("-v", "--update", "--attr-value")
    node = call.cluster.nodes.get(call.value("-N", "--node") or "")
    if node is not None and name in ("standby", "maintenance") and call.flag("-D", "--delete"):
        node.wishes = ""
        return 0
    if call.flag("-D", "--delete") or wanted is not None:
        if name != "maintenance-mode":
            call.err("crm_attribute: only maintenance-mode can be changed in the simulation")
            return 64
        call.cluster.maintenance = wanted == "true"
        return 0
    quiet = call.flag("-q", "-Q", "--quiet")
    call.flag("-G", "--query")
    options = {"stonith-enabled": str(call.cluster.fencing_enabled).lower(),
               "no-quorum-policy": "freeze"}
    if name not in options:
        return _unset(call)
    call.out(options[name] if quiet else
             "scope=crm_config  name=%s value=%s" % (name, options[name]))
    return 0


@program("crm_master")
def crm_master(call):
    """Promotion scores, the old way."""
    yield 0.05
    if _down(call):
        return _NOT_CONNECTED
    instance = call.value("-r", "--resource-id", "--resource") or \
        call.environment.get("OCF_RESOURCE_INSTANCE", "")
    call.value("-l", "--lifetime")
    call.value("-N", "--node")
    call.flag("-G", "--query")
    return _score(call, instance)


@program("attrd_updater")
def attrd_updater(call):
    """attrd_updater: --refresh writes what the daemon has to the CIB again; -U, -D and -Q of private ones."""
    yield 0.05
    if _down(call, "attrd"):
        return _NOT_CONNECTED
    if call.flag("-R", "--refresh"):
        call.node.scores = dict(call.node.attributes)
        return 0
    name, value = call.value("-n", "--name"), call.value("-U", "--update")
    if value is not None:
        call.node.published[name] = value
    elif call.flag("-D", "--delete"):
        call.node.published.pop(name, None)
    elif call.flag("-Q", "--query"):
        found = [node for node in call.cluster.nodes.values()
                 if node.id in call.node.members and name in node.published]
        for node in found:
            call.out('name="%s" host="%s" value="%s"' % (name, node.name, node.published[name]))
        if not found:
            call.err("Could not query value of %s: attribute does not exist" % name)
            return 6 if _old(call) else 105
    else:
        call.err("attrd_updater: this is not simulated")
        return 64
    return 0


#: What DRBD passes to its handler, and that to all that it runs.
OF_DRBD = "DRBD_RESOURCE"


def fence(call, name, action):
    """Have a node fenced and wait for it; equal requests are one. Generator of the exit code."""
    cluster = call.cluster
    if OF_DRBD not in call.environment:
        cluster.harm.append("%s: %s" % (call.node.name, " ".join(call.argv)))
        return 0
    target = cluster.nodes.get(name)
    if target is None:
        call.err("stonith_admin: Couldn't fence %s: No such device" % name)
        return 1
    while action == "reboot" and membership.own_fencing(cluster, call.node):
        yield 0.2
        if not membership.fencing_pending(call.node):
            return 0
    number = membership.request(cluster, call.node, target, action)
    while not call.cluster.fencings[number].result:
        yield 0.2
    if call.cluster.fencings[number].result == "success":
        return 0
    call.err("stonith_admin: Couldn't fence %s: No data available (fence agent failed)" % name)
    return 1


@program("stonith_admin")
def stonith_admin(call):
    """Fencing history, and requests to fence: DRBD's handler alone may make them."""
    yield 0.05
    option = next((word for word in call.args if word.startswith("--output-as")), None)
    if _old(call) and option:
        call.err("stonith_admin: unrecognized option '%s'" % option)
        return 1
    if _down(call, "fencer"):
        return _NOT_CONNECTED
    off, reboot = call.value("--fence", "-F"), call.value("--reboot", "-B")
    if off or reboot:
        return (yield from fence(call, off or reboot, "off" if off else "reboot"))
    confirmed = call.value("--confirm", "-C")
    if confirmed:
        return groups.pacemaker_confirms(call, confirmed)
    call.out('<pacemaker-result api-version="2.25" request="%s">\n'
             '  <list name="fencing history" count="0"/>\n'
             '  <status code="0" message="OK"/>\n</pacemaker-result>'
             % " ".join(["stonith_admin"] + call.argv[1:]))
    return 0


def _state(call, each):
    online, unclean = _seen(call, each)
    return '<node_state id="%d" uname="%s" in_ccm="%s" crmd="%s" join="%s" expected="%s"/>' % (
        each.id, each.name, str(online).lower(), "online" if online else "offline",
        "member" if online else "down", "member" if online or unclean else "down")


def _device(node):
    return ('<primitive class="stonith" id="fence-{0}" type="fence_ipmilan"><instance_attributes id="fence-{0}-p">'
            '<nvpair id="fence-{0}-h" name="pcmk_host_list" value="{0}"/>'
            '<nvpair id="fence-{0}-d" name="pcmk_delay_base" value="{1:g}s"/>'
            '</instance_attributes></primitive>'.format(node.name, node.fence_delay))


def _cib(call):
    """The CIB, of which there is no more than what has agents leave resources alone, and how nodes are fenced."""
    call.out('<cib have-quorum="%d"><configuration><crm_config><cluster_property_set id="o">'
             '<nvpair id="o-m" name="maintenance-mode" value="%s"/></cluster_property_set></crm_config><nodes>'
             % (membership.quorate(call.cluster, call.node), str(call.cluster.maintenance).lower()))
    for node in call.cluster.nodes.values():
        call.out('<node id="%d" uname="%s"><instance_attributes id="n%d"><nvpair id="n%d-s" name="standby" value="%s"/>'
                 '<nvpair id="n%d-m" name="maintenance" value="%s"/></instance_attributes></node>' % (
                     node.id, node.name, node.id, node.id, str(node.wishes == "standby").lower(), node.id,
                     str(node.wishes == "maintenance").lower()))
    call.out('</nodes><resources>%s<clone id="clone"><primitive id="clustered-vg" class="ocf" provider="dualstor" '
             'type="clustered-vg"/><meta_attributes id="m"><nvpair id="m-i" name="is-managed" value="%s"/></meta_attributes>'
             '</clone></resources><constraints>%s</constraints></configuration><status>%s</status></cib>'
             % ("".join(map(_device, call.cluster.nodes.values())), str(call.node.wishes != "unmanaged").lower(),
                "".join(call.cluster.constraints), "".join(_state(call, each) for each in call.cluster.nodes.values())))


def _remove(call, chosen):
    """Take constraints out of the CIB."""
    call.cluster.constraints = [each for each in call.cluster.constraints if not chosen(each)]


@program("cibadmin")
def cibadmin(call):
    """cibadmin --query --local."""
    yield 0.05
    if _down(call):
        return _NOT_CONNECTED
    deleted = re.search(r'id="([^"]*)"', call.value("--xml-text", "-X") or "")
    if deleted:
        call.flag("--delete", "-D")
        _remove(call, lambda each: 'id="%s"' % deleted.group(1) in each)
        return 0
    _cib(call)
    return 0


@program("crm_resource")
def crm_resource(call):
    """That they are there, and --clear --resource."""
    yield 0.05
    if _down(call):
        return _NOT_CONNECTED
    name = call.value("--resource", "-r")
    if call.flag("--clear", "-U"):
        _remove(call, lambda each: 'id="cli-' in each and 'rsc="%s"' % name in each)
    return 0
