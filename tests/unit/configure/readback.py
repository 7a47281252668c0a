# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what was rendered for Pacemaker back into the model, independent of the renderers."""

import shlex

from lxml import etree

from dualstor.command.configure.parts import (
    Alert,
    Alone,
    Ban,
    Clone,
    Colocation,
    Operation,
    Order,
    Part,
    Primitive,
)

#: A CIB with nothing in it, of the schema that is filled in.
EMPTY = """\
<cib crm_feature_set="3.16.1" validate-with="%s" admin_epoch="0" epoch="1" num_updates="0">
<configuration><crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>
"""

#: Properties that the cluster sets itself.
_ITS_OWN = {"have-watchdog", "dc-version", "cluster-infrastructure", "cluster-name",
            "last-lrm-refresh"}


def _operation(name, values):
    values = dict(values)
    return Operation(name=name, timeout=values["timeout"], interval=values["interval"],
                     role=values.get("role"), on_fail=values.get("on-fail"))


# -- XML --------------------------------------------------------------------------------


def _pairs(element, kind):
    return tuple((e.get("name"), e.get("value")) for e in element.findall(f"{kind}/nvpair"))


def _xml_primitive(element):
    return Primitive(
        id=element.get("id"), standard=element.get("class"), provider=element.get("provider"),
        type=element.get("type"), parameters=_pairs(element, "instance_attributes"),
        meta=_pairs(element, "meta_attributes"),
        operations=tuple(_operation(op.get("name"), op.attrib)
                         for op in element.findall("operations/op")))


def _xml_clone(element):
    group = element.find("group")
    meta = [pair for pair in _pairs(element, "meta_attributes")]
    promotable = element.tag == "master" or ("promotable", "true") in meta
    made = Clone(members=tuple(_xml_primitive(e) for e in element.iter("primitive")),
                 meta=tuple(pair for pair in meta if pair[0] != "promotable"),
                 promotable=promotable, group=None if group is None else group.get("id"))
    assert element.get("id") == made.id
    return made


def _xml_alone(element):
    group = element.get("id") if element.tag == "group" else None
    return Alone(members=tuple(_xml_primitive(e) for e in element.iter("primitive")), group=group)


def _xml_alert(element):
    return Alert(id=element.get("id"), path=element.get("path"),
                 recipients=tuple(e.get("value") for e in element.findall("recipient")))


def from_cib(text):
    """The Part in a <cib> or a <configuration>."""
    root = etree.fromstring(text)
    root = root if root.tag == "configuration" else root.find("configuration")
    identities = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(identities) == len(set(identities)), "each id is there once"
    return Part(
        properties=tuple((e.get("name"), e.get("value")) for e in root.findall(
            "crm_config/cluster_property_set/nvpair")),
        fences=tuple(_xml_primitive(e) for e in root.findall("resources/primitive")
                     if e.get("class") == "stonith"),
        clones=tuple(_xml_clone(e) for e in root.find("resources")
                     if e.tag not in ("primitive", "group")),
        alone=tuple(_xml_alone(e) for e in root.find("resources")
                    if e.tag == "group" or (e.tag == "primitive" and e.get("class") != "stonith")),
        bans=tuple(Ban(resource=e.get("rsc"), node=e.get("node"))
                   for e in root.findall("constraints/rsc_location")
                   if e.get("score") == "-INFINITY"),
        orders=tuple(Order(id=e.get("id"), first=e.get("first"),
                           first_action=e.get("first-action"), then=e.get("then"))
                     for e in root.findall("constraints/rsc_order")),
        alerts=tuple(_xml_alert(e) for e in root.findall("alerts/alert")),
        colocations=tuple(Colocation(id=e.get("id"), resource=e.get("rsc"),
                                     other=e.get("with-rsc"), role=e.get("with-rsc-role"))
                          for e in root.findall("constraints/rsc_colocation")))


# -- pcs --------------------------------------------------------------------------------


def _split(words):
    """(options before the first "op", [(action, options)], meta attributes, words after) of a
    create command."""
    options, operations, meta, rest = [], [], [], []
    words, target = list(words), None
    target = options
    while words:
        word = words.pop(0)
        if word == "op":
            target = []
            operations.append((words.pop(0), target))
        elif word == "meta":
            target = meta
        elif "=" not in word:
            rest = [word] + words
            break
        else:
            target.append(tuple(word.split("=", 1)))
    return tuple(options), tuple(_operation(*each) for each in operations), tuple(meta), rest


def _pcs_create(words, stonith):
    agent = ("stonith:" + words[3] if stonith else words[3]).split(":")
    options, operations, meta, rest = _split(words[4:])
    return Primitive(id=words[2], standard=agent[0], provider=None if stonith else agent[1],
                     type=agent[-1], parameters=options, operations=operations,
                     meta=meta), rest


def from_pcs(text):
    """The Part that a script of pcs commands makes."""
    part, grouped, plain, cloned = Part(), {}, {}, set()
    lines, held = [], ""
    for line in text.splitlines():
        held += line
        try:
            lines.append(shlex.split(held))
            held = ""
        except ValueError:      # a quoted word goes on in the next line
            held += "\n"
    for words in [line[3:] for line in lines if line[:2] == ["pcs", "-f"]]:
        if words[:2] == ["property", "set"]:
            part += Part(properties=tuple(tuple(w.split("=", 1)) for w in words[2:]))
        elif words[:2] == ["stonith", "create"]:
            part += Part(fences=(_pcs_create(words, True)[0],))
        elif words[:2] == ["resource", "create"]:
            primitive, rest = _pcs_create(words, False)
            if rest:
                assert rest[0] == "--group", rest
                grouped.setdefault(rest[1], []).append(primitive)
            else:
                plain[primitive.id] = primitive
        elif words[:3] == ["resource", "group", "add"]:
            grouped[words[3]] = [plain.pop(name) for name in words[4:]]
        elif words[0] == "resource" and words[1] in ("clone", "promotable", "master"):
            of = words[-1 - len([w for w in words if "=" in w]) - ("meta" in words)]
            members = tuple(grouped.get(of) or [plain.pop(of)])
            cloned.add(of)
            part += Part(clones=(Clone(
                members=members, group=of if of in grouped else None,
                promotable=words[1] != "clone",
                meta=tuple(tuple(w.split("=", 1)) for w in words if "=" in w)),))
        elif words[:2] == ["constraint", "location"]:
            part += Part(bans=(Ban(resource=words[2], node=words[4]),))
        elif words[:2] == ["constraint", "order"]:
            part += Part(orders=(Order(id=words[-1][3:], first_action=words[2], first=words[3],
                                       then=words[6]),))
        elif words[:2] == ["constraint", "colocation"]:
            role = words[5].capitalize() if "INFINITY" not in words[6] else None
            part += Part(colocations=(Colocation(
                id=words[-1][3:], resource=words[3], other=words[6 if role else 5], role=role),))
        elif words[:2] == ["alert", "create"]:
            values = dict(word.split("=", 1) for word in words[2:])
            part += Part(alerts=(Alert(id=values["id"], path=values["path"]),))
        elif words[:3] == ["alert", "recipient", "add"]:
            last, values = part.alerts[-1], dict(word.split("=", 1) for word in words[4:])
            assert last.id == words[3]
            last = last.but(recipients=last.recipients + (values["value"],))
            assert values["id"] == last.numbered[-1][0]
            part = part.but(alerts=part.alerts[:-1] + (last,))
        else:
            raise AssertionError(words)
    return part.but(alone=tuple(
        [Alone(members=(primitive,)) for primitive in plain.values()]
        + [Alone(members=tuple(members), group=name) for name, members in grouped.items()
           if name not in cloned]))


# -- crmsh ------------------------------------------------------------------------------


def _crm_values(words):
    return tuple(tuple(word.split("=", 1)) for word in words)


def _crm_primitive(words):
    agent = words[2].split(":")
    parameters, meta, operations, section = (), (), [], None
    for word in words[3:]:
        if word in ("params", "op", "meta"):
            section = word
            if word == "op":
                operations.append([])
        elif section == "params":
            parameters += _crm_values([word])
        elif section == "meta":
            meta += _crm_values([word])
        else:
            operations[-1].append(word)
    return Primitive(id=words[1], standard=agent[0], type=agent[-1],
                     provider=agent[1] if len(agent) == 3 else None, parameters=parameters,
                     meta=meta,
                     operations=tuple(_operation(op[0], _crm_values(op[1:])) for op in operations))


def from_crm(text):
    """The Part in the language of the crm shell."""
    part, primitives, groups, used = Part(), {}, {}, set()
    for line in text.replace(" \\\n", " ").split("\n"):
        words = shlex.split(line)
        kind = words[0] if words else None
        if kind == "primitive":
            primitives[words[1]] = _crm_primitive(words)
        elif kind == "group":
            groups[words[1]] = tuple(words[2:])
        elif kind in ("clone", "ms"):
            members = groups.get(words[2], (words[2],))
            used.update(members)
            meta = _crm_values(words[4:])
            part += Part(clones=(Clone(
                members=tuple(primitives[name] for name in members),
                group=words[2] if words[2] in groups else None,
                promotable=kind == "ms" or ("promotable", "true") in meta,
                meta=tuple(pair for pair in meta if pair[0] != "promotable")),))
        elif kind == "location":
            part += Part(bans=(Ban(resource=words[2], node=words[4]),))
        elif kind == "order":
            (first, action), (then, _) = (w.split(":") for w in words[3:])
            part += Part(orders=(Order(id=words[1], first=first, first_action=action, then=then),))
        elif kind == "colocation":
            other, _, role = words[4].partition(":")
            part += Part(colocations=(Colocation(
                id=words[1], resource=words[3].partition(":")[0], other=other,
                role=role or None),))
        elif kind == "alert":
            to = words[5:-1] if words[3:] else []
            assert not words[3:] or (words[3:5], words[-1]) == (["to", "{"], "}")
            part += Part(alerts=(Alert(id=words[1], path=words[2], recipients=tuple(to)),))
        elif kind == "property":
            part += Part(properties=_crm_values(words[1:]))
        elif kind:
            raise AssertionError(line)
    grouped = {name for members in groups.values() for name in members}
    single = [p for name, p in primitives.items() if name not in used | grouped]
    return part.but(
        fences=tuple(p for p in single if p.standard == "stonith"),
        alone=tuple([Alone(members=(p,)) for p in single if p.standard != "stonith"]
                    + [Alone(members=tuple(primitives[name] for name in members), group=group)
                       for group, members in groups.items() if not used & set(members)]))


# -- comparing --------------------------------------------------------------------------


def _sorted_primitive(each):
    return each.but(parameters=tuple(sorted(each.parameters)), meta=tuple(sorted(each.meta)),
                    operations=tuple(sorted(each.operations, key=repr)))


def _sorted_clone(each):
    return each.but(members=tuple(_sorted_primitive(member) for member in each.members),
                    meta=tuple(sorted(each.meta)))


def _sorted_alone(each):
    return each.but(members=tuple(_sorted_primitive(member) for member in each.members))


def in_order(part):
    """A Part whose order tells nothing, without what the cluster sets itself."""
    return Part(
        properties=tuple(sorted(pair for pair in part.properties if pair[0] not in _ITS_OWN)),
        fences=tuple(sorted((_sorted_primitive(each) for each in part.fences), key=repr)),
        clones=tuple(sorted((_sorted_clone(each) for each in part.clones), key=repr)),
        alone=tuple(sorted((_sorted_alone(each) for each in part.alone), key=repr)),
        bans=tuple(sorted(part.bans, key=repr)), orders=tuple(sorted(part.orders, key=repr)),
        colocations=tuple(sorted(part.colocations, key=repr)), alerts=part.alerts)
