# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on the LVs: read from the CIB and the kernel, shown, and compared."""

import io
import os

import pytest

from dualstor.command.console import Console
from dualstor.command.status import advice, document, screen
from dualstor.command.status.report import Active
from dualstor.tools import cib, lvuses
from sourcetree import TREE
from unit.drbd.helpers import PaperHost
from unit.status.test_screens import report_of, tape

GUEST = {"/proc/77/comm": "qemu-system-x86\n",
         "/proc/77/cmdline": "/usr/bin/qemu-system-x86_64\0-name\0guest=web,debug-threads=on\0-m\0512\0"}
FILES, MAIL = "254:1", "254:2"
MOUNT = "36 25 {} / {} rw,noatime shared:1 - {} /dev/mapper/x rw\n"
#: Devices of device-mapper, as /sys/block has them.
DEVICES = {f"/sys/block/dm-{minor}/{name}": text
           for minor, lv in ((1, "files"), (2, "mail"), (3, "web--root"))
           for name, text in (("dev", f"254:{minor}\n"), ("size", "8192\n"), ("dm/name", f"vg0-{lv}\n"),
                              ("dm/uuid", "LVM-" + "v" * 32 + str(minor) * 32 + "\n"), ("dm/suspended", "0\n"))}


def configured():
    """The CIB of the example."""
    with open(os.path.join(TREE, "docs", "examples", "uses", "cib.xml"), encoding="utf-8") as stream:
        return cib.parse(stream.read())


def look(files=(), root=None):
    return {each.resource: each for each in lvuses.look(
        PaperHost(dict(DEVICES, **dict(files))), configured() if root is None else root)}


def test_the_cib_says_what_stands_on_which_lv():
    found = {each.resource: each for each in lvuses.configured(configured())}
    assert sorted(found) == ["files", "mail-fs", "web"]
    assert (found["files"].kind, found["files"].volumes, found["files"].place) == (
        "gfs2", ("vg0/files",), "/srv/files")
    assert (found["web"].kind, found["web"].place) == ("vm", "/etc/pacemaker/web.xml")


def test_a_file_system_on_another_vg_is_not_ours():
    root = configured()
    for pair in root.iter("nvpair"):
        if pair.get("name") == "vgname":
            pair.set("value", "other")
    assert [each.kind for each in lvuses.configured(root)] == ["vm"]


def test_the_kernel_says_what_is_mounted_here():
    found = look({"/proc/self/mountinfo": MOUNT.format(FILES, "/srv/files", "gfs2")})
    assert (found["files"].here, found["mail-fs"].here) == (True, False)


@pytest.mark.parametrize("mount", [
    MOUNT.format("8:1", "/srv/files", "xfs"),         # another device at the same place
    MOUNT.format(FILES, "/mnt", "gfs2")])             # the device at another place
def test_what_is_mounted_there_is_that_lv(mount):
    assert not look({"/proc/self/mountinfo": mount})["files"].here


def test_the_kernel_says_which_guests_run_here():
    assert (look(GUEST)["web"].here, look(GUEST)["web"].pid) == (True, 77)
    other = dict(GUEST, **{"/proc/77/cmdline": GUEST["/proc/77/cmdline"].replace("web", "web2")})
    assert not look(other)["web"].here


def test_without_uses_nothing_is_read():
    class Silent:
        """Any attribute is one too many."""
    root = cib.parse("<cib><configuration><resources/></configuration></cib>")
    assert lvuses.look(Silent(), root) == ()


# -- shown ------------------------------------------------------------------------------


def report(on=(), **here):
    """A healthy pair on which resources run: (resource, node) each, and what is here."""
    found = report_of(tape("healthy"))
    first = found.cluster.instances[0]
    runs = tuple(first.but(resource=name, node=node, role="Started", agent="ocf:heartbeat:x")
                 for name, node in on)
    uses = tuple(each.but(here=each.resource.partition("-")[0] in here,
                          pid=here.get(each.resource)) for each in lvuses.configured(configured()))
    return found.but(cluster=found.cluster.but(instances=found.cluster.instances + runs), standing=uses)


BOTH = (("files", "node1"), ("files", "node2"), ("mail-fs", "node2"), ("web", "node1"))


def shown(found):
    stream = io.StringIO()
    screen.show(Console(stream, stream, "status"), found, advice.advise(found))
    return stream.getvalue()


def told(found):
    return [(each.severity, each.what) for each in advice.advise(found)]


def test_a_table_says_where_each_runs():
    found = report(BOTH, files=None, web=77).but(
        active=(Active(vg="vg0", lv="web-root", id="i"),), opened=(("i", ("qemu-system-x86_64[77]",)),))
    table = shown(found).partition("On LVs")[2].partition("\n\n")[0]
    lines = {line.split()[0]: " ".join(line.split()) for line in table.splitlines()}
    assert lines["files"] == "files gfs2 vg0/files /srv/files Started, mounted Started"
    assert lines["mail-fs"] == "mail-fs xfs vg0/mail /var/mail - Started"
    assert lines["web"] == "web vm vg0/web-root /etc/pacemaker/web.xml Started, runs -"
    uses = {each["resource"]: each for each in document.document(found, ())["uses"]}
    assert uses["files"]["nodes"] == ["node1", "node2"] and uses["web"]["volumes"] == ["vg0/web-root"]


def test_nothing_is_to_be_done_where_both_agree():
    assert told(report(BOTH, files=None, web=77)) == []


def test_where_nothing_stands_there_is_no_table():
    assert "On LVs" not in shown(report_of(tape("healthy")))


@pytest.mark.parametrize("here, severity, text", [
    ({"files": None, "web": 77, "mail": None}, "error", "/var/mail is mounted on node1, and the cluster runs mail-fs on node2"),
    ({"web": 77}, "warning", "files is started on node1, and /srv/files is not mounted there")])
def test_what_they_say_differently_is_said(here, severity, text):
    ((found, what),) = told(report(BOTH, **here))
    assert found == severity and text in what


def test_a_guest_on_both_may_migrate():
    on = (*BOTH[:3], ("web", "node2"))
    ((severity, what),) = told(report(on, files=None, web=77))
    assert severity == "warning" and "the guest web runs on node1, and in the cluster on node2" in what


def test_mounted_and_nowhere_in_the_cluster_is_shown_only():
    found = report(BOTH[:2] + BOTH[3:], files=None, web=77, mail=None)
    assert told(found) == [] and "-, mounted" in shown(found)
