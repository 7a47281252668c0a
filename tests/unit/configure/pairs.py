# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers for tests: one good set for each generation, and a strategy for any."""

import string

from hypothesis import strategies as st

from dualstor.command.configure import answers, names
from dualstor.command.configure.generations import BY_NAME

NODES = [{"name": "node1", "address": "10.77.0.1", "replication": "10.78.0.1"},
         {"name": "node2", "address": "10.77.0.2", "replication": "10.78.0.2"}]


def fence(node, **options):
    return {"node": node, "agent": "fence_virt",
            "options": dict({"serial_device": "/dev/ttyS1", "plug": node}, **options)}


def good(**changes):
    """Answers with nothing wrong in them."""
    return dict({
        "cluster": "lab", "nodes": [dict(node) for node in NODES],
        "drbd": {"resource": "r0", "disk": "/dev/vdb"},
        "lvm": {"vg": "vg0", "lv": "lv0", "size": "16M"},
        "fence": [fence("node1"), fence("node2")]}, **changes)


#: One use of each kind; with cman there is no agent for the second.
GFS2 = {"kind": "gfs2", "lv": "files", "size": "8M", "mountpoint": "/srv/files"}
MAIL = {"kind": "filesystem", "lv": "mail", "size": "8M", "mountpoint": "/var/mail"}
WEB = {"kind": "vm", "name": "web", "disks": [{"lv": "web0", "size": "8M"},
                                              {"lv": "web1", "size": "4M"}]}


def uses(generation):
    """A use of each kind that a generation can have."""
    return [GFS2, WEB] if generation == "cman" else [GFS2, MAIL, WEB]


def many(count, **changes):
    """Answers with *count* pairs of a DRBD resource and its volume group."""
    told = good(**changes)
    del told["lvm"]
    told["drbd"] = [{"resource": f"r{number}", "disk": f"/dev/mapper/d{number}"}
                    for number in range(count)]
    told["vg"] = [{"name": f"vg{number}", "drbd": f"r{number}", "lv": "lv0", "size": "16M"}
                  for number in range(count)]
    return told


def pair(**changes):
    return answers.pair(good(**changes))


def fit(check, text):
    return text.filter(lambda value: check(value) is None)


LETTERS = string.ascii_letters + string.digits
ids = st.text(LETTERS + "_.-", min_size=1, max_size=12)
values = fit(names.value, st.text(min_size=1, max_size=20))
options = st.dictionaries(fit(names.option, st.text(LETTERS + "_-", min_size=1, max_size=8)).filter(
    lambda name: not name.startswith("pcmk_")), values, max_size=3)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


@st.composite
def any_answers(draw):
    """Any good answers."""
    hosts = draw(st.lists(fit(names.host, st.text(LETTERS + "-.", min_size=1, max_size=20)),
                          min_size=2, max_size=2, unique=True))
    version = draw(st.sampled_from((4, 6)))
    links = draw(st.lists(fit(names.address, st.ip_addresses(v=version).map(str)),
                          min_size=2, max_size=2, unique=True))
    found = fit(names.address, addresses)
    rings = draw(st.lists(found, min_size=2, max_size=2, unique=True))
    disks = st.text(LETTERS + "/_.:+=@%-", min_size=1, max_size=15).map("/dev/".__add__)
    disks = fit(names.disk, disks).filter(lambda disk: not disk.startswith("/dev/drbd"))
    resource = draw(fit(names.resource, ids))
    vg = draw(fit(names.group, ids).filter(lambda name: name != resource))
    delays = draw(st.lists(st.integers(0, 600), min_size=2, max_size=2).filter(
        lambda two: abs(two[0] - two[1]) >= 5))
    agents = fit(names.fence_agent, st.text(string.ascii_lowercase, min_size=1, max_size=6).map(
        "fence_".__add__))
    made = {
        "cluster": draw(fit(names.cluster, ids)),
        "generation": draw(st.sampled_from(sorted(BY_NAME))),
        "nodes": [{"name": host, "address": ring, "replication": link, "disk": draw(disks)}
                  for host, ring, link in zip(hosts, rings, links)],
        "drbd": {"resource": resource, "version": draw(st.sampled_from(("8.3", "8.4", "9"))),
                 "minor": draw(st.integers(0, 255)), "port": draw(st.integers(1024, 65535)),
                 "first_sync": draw(st.sampled_from(("full", "skip")))},
        "lvm": {"vg": vg},
        "fence": [{"node": host, "agent": draw(agents), "delay": delay, "options": draw(options)}
                  for host, delay in zip(hosts, delays)],
        "properties": draw(options)}
    if draw(st.booleans()):
        made["lvm"].update(lv=draw(fit(names.volume, ids)),
                           size=draw(st.sampled_from(("10G", "500M", "100%FREE"))))
    if draw(st.booleans()):
        several(draw, made)
    made["use"] = draw(some_uses(made))
    if BY_NAME[made["generation"]].alerts and draw(st.booleans()):
        made["alerts"] = {"mail": draw(st.lists(
            fit(names.mail, st.text(LETTERS + "@.-_+", min_size=1, max_size=12)), max_size=2,
            unique=True))}
    return made


def several(draw, made):
    """Make two or three resources of the one, in one volume group or in one each."""
    first, group, nodes = made["drbd"], made["lvm"], made["nodes"]
    disks = [{node["name"]: f"{node.pop('disk')}-{number}" for node in nodes}
             if not number else {node["name"]: f"/dev/disk{number}" for node in nodes}
             for number in range(draw(st.integers(2, 3)))]
    made["drbd"] = [dict(first, resource=f"{first['resource']}{number}", disk=disk,
                         minor=(first["minor"] + number) % 256,
                         port=1024 + (first["port"] + number) % 60000,
                         first_sync=draw(st.sampled_from(("full", "skip"))))
                    for number, disk in enumerate(disks)]
    if draw(st.booleans()):
        del made["lvm"]
        volume = {key: value for key, value in group.items() if key != "vg"}
        made["vg"] = [dict(volume, name=f"{group['vg']}-v{number}", drbd=[one["resource"]])
                      for number, one in enumerate(made["drbd"])]


def _tables(told):
    return told if isinstance(told, list) else [told]


def _free(made, check, taken):
    """Names that are good, and not in use."""
    groups = made["vg"] if "vg" in made else [dict(made["lvm"], name=made["lvm"]["vg"])]
    known = {one["resource"] for one in _tables(made["drbd"])} | taken
    known |= {one["name"] for one in groups} | {one.get("lv") for one in groups}
    return fit(check, st.text(LETTERS + "_-", min_size=1, max_size=8).map("u".__add__)).filter(
        lambda name: name not in known and "-" not in name)


@st.composite
def some_uses(draw, made):
    """A few uses of LVs that do not have a name twice."""
    found, taken = [], set()
    for kind in draw(st.lists(st.sampled_from(("gfs2", "filesystem", "vm")), max_size=2)):
        if kind == "filesystem" and made["generation"] == "cman":
            continue
        name = draw(_free(made, lambda text: names.use(text) or names.volume(text), taken))
        taken.add(name)
        size = draw(st.sampled_from(("10G", "500M")))
        of = {"vg": draw(st.sampled_from(made["vg"]))["name"]} if "vg" in made else {}
        found.append({"kind": kind, "name": name, "disks": [dict(of, lv=name, size=size)]}
                     if kind == "vm" else dict(of, kind=kind, lv=name, size=size))
    return found
