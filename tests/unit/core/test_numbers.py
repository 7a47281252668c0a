# SPDX-License-Identifier: GPL-2.0-or-later
"""A number in what a program or the kernel says has ASCII digits, or it is none: never an error.

"²".isdigit() is true and int() makes a ValueError of it, as of a number of 5000 digits; int() takes
"1_0", "+1" and the digits of every script.
"""

import ast
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.errors import DualstorError, ParseError
from dualstor.kernel import block, devmapper, dlm, drbd, holders, process
from dualstor.ocf.environment import Environment
from dualstor.ocf.parameters import Interface, Parameter
from dualstor.ocf.parameters import parse as parse_parameters
from dualstor.record import whole
from dualstor.tools import (
    cman,
    corosync,
    dlm_tool,
    dmsetup,
    drbdadm,
    drbdconf,
    drbdsetup,
    fence_tool,
    group_tool,
    lvm,
    lvmconf,
    lvmlock,
    pacemaker,
    stonith,
)
from sourcetree import SHIPPED, TREE, parsed
from unit.drbd.helpers import PaperHost

DATA = os.path.join(TREE, "tests", "data")

#: What stands where a number should; int() fails of some and takes others for one.
ODD = ("²", "①", "٣", "１２", "৪", "9" * 19, "9" * 5000, "1_0", "0x1", "+1", "-1", "-", "1.5", "",
       "1e3", "nan", "\x001")


def golden(*parts):
    with open(os.path.join(DATA, *parts), encoding="utf-8") as stream:
        return stream.read()


@pytest.mark.parametrize("text, number", [
    ("0", 0), ("007", 7), ("9" * 18, 10 ** 18 - 1), (None, None), (" 1", None), ("1\n", None)]
    + [(text, None) for text in ODD])
def test_a_whole_number(text, number):
    assert whole(text) == number


@pytest.mark.parametrize("text, number", [
    ("ff", 255), ("0x4104EEFA", 0x4104eefa), ("0", 0), ("0x", None), ("", None), ("x1", None),
    ("-1", None), ("1_0", None), ("٣", None), ("f" * 19, None), ("0x0x1", None)])
def test_a_hexadecimal_number(text, number):
    assert whole(text, 16) == number


@pytest.mark.parametrize("text, number", [
    ("-5", -5), ("+5", 5), ("5", 5), ("--5", None), ("-", None), ("- 5", None), ("-²", None)])
def test_a_number_with_a_sign(text, number):
    assert whole(text, signed=True) == number


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_none(text):
    found = whole(text)
    assert (found is None) != (re.fullmatch("[0-9]{1,18}", text) is not None)
    assert found is None or found == int(text)


# -- every parser ---------------------------------------------------------------------------------

def _drbd(text):
    return drbdsetup.state(drbdsetup.parse_events2(text), "r0")


def _json(text):
    return drbdsetup.state(drbdsetup.parse_status(text), "r0")


def _environment(text):
    seen = Environment({name: value for name, _, value in
                        (line.partition("=") for line in text.splitlines())})
    return [seen.timeout, seen.interval, seen.check_level, seen.feature_set, seen.clone_max,
            seen.resource]


def _parameter(text):
    declared = Parameter("wait", "s", "l", type="integer", default=5, minimum=0, maximum=60)
    return parse_parameters(Interface("n", "s", "l", (declared,), ()), Environment({"OCF_RESKEY_wait": text})).problems


FLAT = "Version:          1.4.9\nNodes:            2\nRing ID:          280\n" \
       "Quorum type:      quorum_cman\nQuorate:          Yes\n"

def _minors(text):
    return drbd.parse(text).minors


#: (function of a text, a text that it understands).
PARSERS = [(function, golden(*path)) for function, path in (
    (cman.parse_status, ("cluster", "cman-status-two-node.txt")),
    (cman.parse_status, ("cluster", "cman-status-el5-qdisk.txt")),
    (cman.parse_fields, ("cluster", "cman-nodes-F.txt")),
    (corosync.parse_status, ("cluster", "quorumtool-both.txt")),
    (dlm_tool.parse_ls, ("cluster", "dlm-ls-n-fencing-4.2.txt")),
    (dlm_tool.parse_ls, ("cluster", "dlm-ls-fencing-3.1.txt")),
    (dlm_tool.parse_status, ("cluster", "dlm-status-fenced.txt")),
    (fence_tool.parse, ("cluster", "fence-ls-n-fencing.txt")),
    (group_tool.parse, ("cluster", "group-tool-3.2.txt")),
    (group_tool.parse, ("cluster", "group-tool-compat.txt")),
    (pacemaker.parse_mon, ("cluster", "crm_mon-both.xml")),
    (pacemaker.parse_peers, ("cluster", "crm_node-l-survivor.txt")),
    (stonith.parse_history, ("cluster", "stonith-history.xml")),
    (dmsetup.parse_info, ("lvm", "dmsetup-info.txt")),
    (lvm.parse_version, ("lvm", "lvm-version-2.03.16.txt")),
    (lvmconf.parse, ("lvm", "lvm.conf")),
    (lvmlock.parse_info, ("lvm", "lvmlockctl-info-one-shared-one-exclusive.txt")),
    (_minors, ("drbd", "proc-8.4-two-volumes.txt")),
    (_minors, ("drbd", "syncing", "node1", "proc_drbd.out")),
    (drbdconf.parse, ("drbd", "dump-8.3.txt")), (drbdconf.parse, ("drbd", "dump-9.txt")),
    (_drbd, ("drbd", "events2-9.txt")), (_json, ("drbd", "status-9.json")),
    (drbdadm.parse_version, ("drbd", "version-9.txt")))]
PARSERS += [(cman.parse_version, "6.2.0 config 1\n"), (pacemaker.parse_score, "10000\n"),
            (_parameter, "7"),
            (corosync.parse_status, FLAT),
            (process.parse_stat, "4 (a b) S " + "1 " * 16 + "7 0 12345 0 0\n"),
            (drbdsetup._text, "7"),
            (_environment, "OCF_RESKEY_CRM_meta_timeout=20000\nOCF_RESKEY_CRM_meta_interval=10\n"
                           "OCF_CHECK_LEVEL=10\nOCF_RESKEY_crm_feature_set=3.16.1\n"
                           "OCF_RESKEY_CRM_meta_clone_max=2\nOCF_RESOURCE_INSTANCE=a:12\n")]


def odd_numbers(text):
    """The places of numbers in a text."""
    return [match.span() for match in re.finditer(r"[0-9]+", text)]


@pytest.mark.parametrize("number", range(len(PARSERS)))
def test_no_parser_ends_in_another_error_than_its_own(number):
    function, text = PARSERS[number]
    function(text)
    for start, end in odd_numbers(text)[:60]:
        for odd in ODD:
            try:
                function(text[:start] + odd + text[end:])
            except ParseError:
                pass


_DIGITS = st.characters(whitelist_categories=("Nd", "No", "Nl", "Sm"))


@given(parser=st.sampled_from(PARSERS), where=st.integers(0, 10 ** 6),
       put=st.one_of(st.sampled_from(ODD), st.text(_DIGITS, max_size=5)))
def test_nor_of_any_other_digit(parser, where, put):
    function, text = parser
    places = odd_numbers(text)
    start, end = places[where % len(places)]
    try:
        function(text[:start] + put + text[end:])
    except ParseError:
        pass


def _kernel(number):
    """A host whose kernel shows *number* wherever it shows one."""
    group = "LVM-" + "g" * 32 + "l" * 32
    stat = f"{number} (clvmd) S {f'{number} ' * 30}"
    made = PaperHost({
        f"/sys/block/dm-{number}/dm/uuid": group, f"/sys/block/dm-{number}/dm/name": "vg0-lv0",
        f"/sys/block/dm-{number}/size": number,
        f"/sys/block/dm-{number}/dev": f"{number}:{number}",
        "/sys/class/block/vdb/dev": f"{number}:{number}\n",
        "/sys/dev/block/1:2/slaves/vdb": "", f"/sys/block/dm-0/holders/dm-{number}": "",
        f"/proc/{number}/stat": stat, "/proc/7/stat": stat,
        "/run/dualstor/drbd-r0": f"{number} {number}\n",
        "/sys/kernel/dlm/clvmd/recover_status": number + "\n",
        f"/sys/kernel/config/dlm/cluster/comms/{number}/addr_list": "AF_INET 10.0.0.1\n",
        "/sys/kernel/debug/dlm/clvmd_locks": (f"{number} ") * 13 + "\"uuid\"\n",
        "/proc/swaps": "Filename\n"})
    return made


@pytest.mark.parametrize("odd", ODD + ("1", "7"))
def test_no_look_at_the_kernel_ends_in_an_error(odd):
    host = _kernel(odd)
    try:
        devmapper.volumes(host)
        block.number(host, "vdb"), block.below(host, 1, 2)
        process.look(host, 7), process.running(host, "clvmd")
        process.from_text(host, f"{odd} {odd} clvmd -")
        dlm.recovered(host, "clvmd"), dlm.nodes(host), dlm.exclusive(host, "clvmd")
        drbd.minors(host, "r0"), drbd.Kernel(odd + ".1").generation
        holders.holders(host, 1, 2)
        drbdsetup.secondary(PaperHost({"/proc/drbd": f"version: {odd}.{odd} (api:1)\n"},
                                      programs={"drbdsetup": lambda _: (0, "", "")}), "r0", (0,))
    except DualstorError:
        pass


# -- one place for it -----------------------------------------------------------------------------

#: Where int() and float() are given numbers, to round them: "path: the call".
ROUNDED = frozenset((
    "lib/dualstor/main.py: int(code)", "lib/dualstor/host/host.py: int(seconds / pause)",
    "lib/dualstor/command/console.py: int(round(max(0.0, min(1.0, fraction)) * _BAR))",
    "lib/dualstor/command/console.py: int(fraction * 100)",
    "lib/dualstor/command/status/copies.py: int(volume.resync)",
    "lib/dualstor/tools/lockdaemon.py: int(host.deadline.remaining / 2)",
    "lib/dualstor/tools/cman_member.py: int(seconds)",
    "lib/dualstor/tools/fence_tool.py: int(seconds)"))

#: The place itself, and the one where a fraction is read of two whole numbers.
ITSELF = ("lib/dualstor/record.py",)

#: A class of digits in a regular expression that holds those of every script.
_ANY_DIGIT = re.compile(r"(?<!\\)(?:\\\\)*\\[dD]")


def _named(node, *names):
    return isinstance(node, ast.Name) and node.id in names


def _conversions(tree, path):
    """Calls of int() and float(), each with its path before it."""
    return [f"{path}: {ast.unparse(node)}" for node in ast.walk(tree)
            if isinstance(node, ast.Call) and _named(node.func, "int", "float")]


def offences(tree, path=""):
    """Where numbers are read in another way, as a list of text."""
    found = [call for call in _conversions(tree, path) if call not in ROUNDED]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("isdigit", "isdecimal", "isnumeric"):
            found.append(f".{node.attr}")
        elif isinstance(node, ast.keyword) and _named(node.value, "int"):
            found.append(f"{node.arg}=int")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) \
                and _ANY_DIGIT.search(node.value):
            found.append(f"\\d in {node.value!r}")
    return found


@pytest.mark.parametrize("path", [path for path in SHIPPED if path not in ITSELF])
def test_numbers_are_read_in_one_place(path):
    assert offences(parsed(path), path) == [], "see dualstor.record.whole"


@pytest.mark.parametrize("text", [
    "text.isdigit()", "word.isdecimal()", "int(word)", "int(word, 16)", "float(word)",
    "sorted(names, key=int)", "re.match(r'^\\d+$', x)", "re.match('a\\\\d', x)"])
def test_another_way_is_noticed(text):
    assert offences(ast.parse(text))


def test_the_list_of_roundings_holds_no_old_ones():
    assert ROUNDED <= {call for path in SHIPPED for call in _conversions(parsed(path), path)}
