# SPDX-License-Identifier: GPL-2.0-or-later
"""`dualstor report`: whole without an answer, no lock of LVM, and no secret anywhere in it."""

import io
import json
import os
import stat
import sys
import tarfile
import types

import jsonschema
import pytest

from dualstor.command import main
from dualstor.command.check.sources import collect as sources
from dualstor.command.check.sources import tree
from dualstor.command.codes import ExitStatus
from dualstor.command.report import collect, logs, redact
from dualstor.command.status import command as status
from dualstor.command.status import observe
from dualstor.command.status.report import Silent
from dualstor.errors import DualstorError, ToolMissing
from dualstor.host.deadline import Deadline
from dualstor.host.host import Host
from dualstor.host.run import Completed
from simulator import world
from simulator.host import Simulation
from simulator.state import CLVMD, LVMLOCKD
from sourcetree import TREE
from unit.command.check import trees
from unit.status.replay import Replay
from unit.status.test_screens import tape

#: Where a secret may be, with § in its place.
PLACES = {
    "drbd": 'net { cram-hmac-alg sha1; shared-secret "§"; }',
    "drbd, bare": "net { shared-secret §; }",
    "drbd, escaped": 'shared-secret   "a\\"§";',
    "drbd, a comment": '# old: shared-secret "§";',
    "nvpair": '<nvpair id="f-p" name="password" value="§"/>',
    "nvpair, the other order": "<nvpair value='§' id='f-p' name='passwd'/>",
    "nvpair, in lines": '<nvpair id="p"\n  name="ipmilan_passwd"\n  value="§"/>',
    "nvpair, a token": '<nvpair id="p" name="api_token" value="§"/>',
    "nvpair, an snmp community": '<nvpair id="p" name="community" value="§"/>',
    "nvpair, snmp": '<nvpair id="p" name="snmp_priv_passwd" value="§"/>',
    "cluster.conf": '<fencedevice agent="fence_ipmilan" name="f" passwd="§" lanplus="1"/>',
    "cluster.conf, single quotes": "<fencedevice agent='fence_apc' password='§'/>",
    "crm": "primitive f stonith:fence_ipmilan params ip=10.0.9.1 password=§ op monitor",
    "crm, quoted": 'params username=fence password="§" pcmk_host_list=node1',
    "toml": 'options = {ip = "10.0.9.1", password = "§"}',
    "an option": "fence_ipmilan --ip 10.0.9.1 --password § -o status",
    "an option with =": "fence_ipmilan --password=§",
    "stdin of an agent": "ip=10.0.9.1\npasswd=§\n",
    "json": '{"password": "§", "ip": "10.0.9.1"}',
    "json in json": '"{\\"password\\": \\"§\\", \\"ip\\": \\"10.0.9.1\\"}"',
    "corosync's key": "totem {\n\tkey: §\n}",
    "ifcfg": "SSID=home\nWPA_PSK=§\n",
    "ifcfg, wep": "KEY1=§\n",
    "a url": "https://fence:§@10.0.9.1/redfish",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\n§\n-----END RSA PRIVATE KEY-----",
}
SECRET = "Xq7-hunter2.zW"

#: What looks like a secret and is wanted.
HARMLESS = (
    "token: 3000", "token_retransmits_before_loss_const: 10", '<totem token="10000"/>',
    "keyfile: /etc/corosync/authkey", "crypto_cipher: aes256", "username=fence",
    '<nvpair id="x" name="ip" value="10.0.9.1"/>', "use_lvmlockd = 1",
    "http://10.0.9.1:8080/path", "monkey: banana", "fencing resource-and-stonith;")


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_removed(place):
    text = PLACES[place].replace("§", SECRET)
    cleaned = redact.clean(text)
    assert SECRET not in cleaned and redact.MARK in cleaned
    assert redact.clean(cleaned) == cleaned
    found = redact.secrets([text])
    assert any(SECRET in each for each in found)
    assert SECRET not in redact.clean(f"it said {found[0]} to me", found)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text):
    assert redact.clean(text) == text and redact.secrets([text]) == ()


def test_neighbours_of_a_secret_stay():
    text = PLACES["nvpair"] + PLACES["crm"] + PLACES["cluster.conf"]
    cleaned = redact.clean(text.replace("§", SECRET))
    for word in ('id="f-p"', "ip=10.0.9.1", "op monitor", 'lanplus="1"', 'name="f"'):
        assert word in cleaned


@pytest.mark.parametrize("text", [
    '<fencedevice passwd="123456"/>', '<nvpair name="token" value="123456"/>', "password=123456",
    'shared-secret "123456";', "passwd=yes\n"])
def test_a_password_may_be_a_number_or_a_word(text):
    assert "123456" not in redact.clean(text) and redact.MARK in redact.clean(text)


def test_a_value_of_a_document_whose_name_says_that_it_is_secret():
    document = {"rest": {"api_token": SECRET, "ip": "10.0.9.1"}, "says": f"login with {SECRET}"}
    assert redact.cleaned(document, redact.secrets(redact.texts(document))) == {
        "rest": {"api_token": redact.MARK, "ip": "10.0.9.1"}, "says": f"login with {redact.MARK}"}
    assert redact.cleaned({"/etc/corosync/authkey": "file"}) == {"/etc/corosync/authkey": "file"}


def test_a_name_in_a_document_is_cleaned_too():
    assert redact.cleaned({"a": [1, None, True, ("password=" + SECRET,)], "--password " + SECRET: 2}
                          ) == {"a": [1, None, True, ["password=" + redact.MARK]],
                                "--password " + redact.MARK: 2}


# -- the archive --------------------------------------------------------------------------


def placed(index):
    """The text of a place with a secret of its own, and the secret."""
    secret = f"Zx{index:02d}-hunter.{index:02d}q"
    return PLACES[sorted(PLACES)[index]].replace("§", secret), secret


class Everywhere(Host):
    """A copied tree whose commands all print secrets, each in another place."""

    def __init__(self, root):
        super().__init__(Deadline(60.0, lambda: 0.0), root=root)
        self.calls = []

    def run(self, argv, timeout=None, environment=None):
        self.calls.append(tuple(argv))
        text, _ = placed(len(self.calls) % len(PLACES))
        return Completed(argv=tuple(argv), returncode=0, stdout=f"{text}\n", stderr=f"{text}\n")


@pytest.fixture
def spoilt(tmp_path):
    """A host with secrets in each of its files, and in its keys."""
    root = trees.lay_out("corosync", "node1", str(tmp_path / "root"))
    number = 0
    for base, _, names in os.walk(root):
        for name in sorted(names):
            text, _ = placed(number % len(PLACES))
            number += 1
            with open(os.path.join(base, name), "a", encoding="utf-8") as stream:
                stream.write(f"\n{text}\n")
    logged = "".join(f"dualstor: {placed(index)[0]}\nfence: it said {placed(index)[1]}\n"
                     for index in range(len(PLACES)))
    for path in ("var/log/messages", "var/log/pacemaker/pacemaker.log", "etc/corosync/authkey",
                 "etc/pacemaker/authkey", "etc/sysconfig/network-scripts/ifcfg-w"):
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(logged)
    return root


def seen_of(root):
    host = Everywhere(root)
    report = observe.look(lambda: Replay(tape("split-brain")), observe.one_by_one, locks=False)
    says = "fence_ipmilan: " + placed(3)[0] + "; it said " + placed(4)[1]
    return {"status": report.but(fencing=Silent(says=says)), "record": sources.this_host(host),
            "log": logs.read(host)}


def test_no_secret_is_anywhere_in_the_archive(spoilt):
    made = collect.files(seen_of(spoilt), "now", "node1")
    assert {"README", "status.json", "recover.json", "check.json", "record.json", "missing.json",
            "versions.json", "log/journal", "log/var-log-messages"} <= set(made)
    for name, text in made.items():
        for index in range(len(PLACES)):
            assert placed(index)[1] not in text, (name, sorted(PLACES)[index])
    record = json.loads(made["record.json"])
    assert "/etc/corosync/authkey" not in record["files"]
    assert redact.MARK in made["log/var-log-messages"] and redact.MARK in made["record.json"]


def test_the_record_can_be_checked_elsewhere(spoilt, tmp_path):
    made = collect.files(seen_of(spoilt), "now", "node1")
    assert tree.from_json(made["record.json"], "record").name == "node1"


@pytest.mark.parametrize("name", ["status", "recover", "check"])
def test_documents_are_as_their_schemas_say(spoilt, name):
    with open(os.path.join(TREE, "docs", "json", name + "-1.schema.json"), encoding="utf-8") as it:
        schema = json.load(it)
    jsonschema.validate(json.loads(collect.files(seen_of(spoilt), "now", "node1")[name + ".json"]),
                        schema)


def test_nothing_answers():
    made = collect.files(dict.fromkeys(("status", "record", "log"), Silent(says="no answer")),
                         "now", "node1")
    assert set(made) == {"README", "versions.json", "missing.json"}
    assert json.loads(made["missing.json"]) == dict.fromkeys(("status", "record", "log"),
                                                             "no answer")


def test_what_is_too_large_is_left_out(monkeypatch):
    monkeypatch.setattr(collect, "LIMIT", 100)
    assert collect._bounded({"a": "x" * 60, "b": "y" * 90, "c": "z"}) == {
        "a": "x" * 60, "b": "(too large: left out)\n", "c": "z"}


# -- locks --------------------------------------------------------------------------------

#: Options with which a command of LVM takes no lock.
_FREE = ("--nolocking", "--readonly", "locking_type=0", "use_lvmlockd=0")


@pytest.mark.parametrize("generation", [LVMLOCKD, CLVMD])
def test_no_command_takes_a_lock_of_lvm(generation):
    simulation = Simulation(world.reach("active", generation))
    report = observe.look(lambda: simulation.host("node1", 20), observe.one_by_one, locks=False)
    assert report.listed is None and not isinstance(report.active, Silent)
    sources.this_host(simulation.host("node1", 20))
    asked = [call for call in simulation.calls() if call[0] in (
        "lvs", "vgs", "pvs", "vgchange", "lvchange")]
    assert len(asked) == 3
    for call in asked:
        assert any(free in word for word in call for free in _FREE), call


def test_status_itself_may_ask_lvm():
    simulation = Simulation(world.reach("active", LVMLOCKD))
    observe.look(lambda: simulation.host("node1", 20), observe.one_by_one)
    assert any(call[0] == "lvs" for call in simulation.calls())


# -- logs ---------------------------------------------------------------------------------


class Logging(Host):
    """A host with a journal, or without."""

    def __init__(self, root, journal):
        super().__init__(Deadline(60.0, lambda: 0.0), root=str(root))
        self.journal = journal

    def run(self, argv, timeout=None, environment=None):
        if self.journal is None:
            raise ToolMissing(argv, "not found")
        return Completed(argv=tuple(argv), returncode=0, stdout=self.journal, stderr="")


def test_of_the_journal_only_lines_about_the_pair_oldest_first(tmp_path):
    text = "3 n kernel: drbd r0: x\n2 n sshd: y\n1 n clvmd(lock): z\n"
    found = logs.read(Logging(tmp_path, text))
    assert found == {"journal": "1 n clvmd(lock): z\n3 n kernel: drbd r0: x\n"}


def test_too_much_of_it_leaves_out_the_oldest(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LIMIT", 40)
    text = "".join(f"drbd {number:06d}\n" for number in range(9, 0, -1))
    (kept,) = logs.read(Logging(tmp_path, text)).values()
    assert kept.splitlines() == ["(older lines are left out)", "drbd 000007", "drbd 000008",
                                 "drbd 000009"]


def test_of_a_large_file_only_the_end_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "_READ", 30)
    path = tmp_path / "var" / "log" / "messages"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"drbd {number:06d}\n" for number in range(1, 10)))
    assert logs.read(Logging(tmp_path, None)) == {
        "/var/log/messages": "drbd 000008\ndrbd 000009\n"}


def test_neither_journal_nor_file(tmp_path):
    with pytest.raises(DualstorError, match="journalctl"):
        logs.read(Logging(tmp_path, None))


# -- the command --------------------------------------------------------------------------


@pytest.fixture
def looked(monkeypatch, spoilt):
    seen = seen_of(spoilt)
    monkeypatch.setattr(collect, "look", lambda wait: seen)
    return seen


def run(*words):
    out, err = io.StringIO(), io.StringIO()
    code = main.main(["report", *words], out, err)
    return code, out.getvalue(), err.getvalue()


def test_it_writes_an_archive_for_its_owner_alone(looked, tmp_path):
    path = tmp_path / "r.tar.gz"
    code, out, err = run("--output", str(path))
    assert (code, err) == (ExitStatus.OK, "") and out.startswith(f"{path}: read it before")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert all(each.isfile() and each.mode == 0o600 for each in members)
        assert all(each.name.startswith("dualstor-report-") for each in members)
        data = b"".join(archive.extractfile(each).read() for each in members)
    assert b"hunter" not in data


def test_it_writes_the_archive_to_a_pipe(looked):
    class Pipe(io.StringIO):
        buffer = io.BytesIO()
    out = Pipe()
    assert main.main(["report", "--output", "-"], out, io.StringIO()) == ExitStatus.OK
    with tarfile.open(fileobj=io.BytesIO(Pipe.buffer.getvalue())) as archive:
        assert len(archive.getmembers()) > 6
    assert out.getvalue() == ""


def test_it_overwrites_nothing(looked, tmp_path):
    path = tmp_path / "r.tar.gz"
    path.write_text("old")
    code, _, err = run("--output", str(path))
    assert code == ExitStatus.ERROR and "it exists" in err and path.read_text() == "old"


def test_a_part_that_is_silent_is_named(looked, tmp_path):
    looked["log"] = Silent(says="no answer in 65 s")
    code, out, _ = run("--json", "--output", str(tmp_path / "r.tar.gz"))
    told = json.loads(out)
    assert code == ExitStatus.INCOMPLETE and told["missing"] == {"log": "no answer in 65 s"}
    assert told["schema"] == "dualstor.report/1" and "status.json" in told["files"]


def test_a_host_is_looked_at_without_locks_and_in_bounded_time(monkeypatch):
    asked = {}

    def here(wait, **how):
        asked.update(how, wait=wait)

    def at_once(parts, make_host, seconds):
        asked.update(seconds=seconds, parts=sorted(parts))
        return {"status": parts["status"](None)}
    monkeypatch.setattr(status, "here", here)
    monkeypatch.setattr(observe, "at_once", at_once)
    collect.look(5.0)
    assert asked == {"locks": False, "wait": 5.0, "seconds": 65.0,
                     "parts": ["log", "record", "status"]}


# -- sos ----------------------------------------------------------------------------------


def test_the_plugin_of_sos_asks_for_what_sos_and_the_command_have(monkeypatch):
    asked = []

    class Plugin:
        """What sos documents of its own (sos.report.plugins.Plugin), as far as it is used."""

        def add_cmd_output(self, cmds, suggest_filename=None, root_symlink=None, timeout=None,
                           stderr=True, chroot=True, runat=None, env=None, binary=False):
            asked.append((cmds, suggest_filename, timeout, binary))

    module = types.ModuleType("sos.report.plugins")
    module.Plugin, module.IndependentPlugin = Plugin, type("IndependentPlugin", (), {})
    for name, each in (("sos", types.ModuleType("sos")), ("sos.report", types.ModuleType("r")),
                       ("sos.report.plugins", module)):
        monkeypatch.setitem(sys.modules, name, each)
    path = os.path.join(TREE, "packaging", "sos", "dualstor.py")
    names = {}
    with open(path, encoding="utf-8") as stream:
        exec(compile(stream.read(), path, "exec"), names)
    made = names["Dualstor"]()
    assert made.plugin_name == "dualstor" and made.packages and made.short_desc and made.profiles
    made.setup()
    ((line, name, timeout, binary),) = asked
    words = line.split()
    assert words[0] == "dualstor" and timeout > 65 and binary and name.endswith(".tar.gz")
    arguments = main.build_parser().parse_args(words[1:])
    assert arguments.output == "-"
