# SPDX-License-Identifier: GPL-2.0-or-later
"""--overlay DIR: what is laid over the guests' root, and that a lab keeps it."""
import os
import stat

import pytest

from lablib import Lab, cli, cpio, errors, payload, snapshot
from lablib.accel import named
from lablib.image import Image
from lablib.machine import Options
from lablib.progress import Silent


@pytest.fixture
def folder(tmp_path):
    """A directory as `make install DESTDIR=` leaves it."""
    top = tmp_path / "overlay"
    for name, mode in (("sbin/cman_tool", 0o755), ("usr/sbin/clvmd", 0o750), ("usr/lib/libcman.so.3.0", 0o644),
                       ("etc/cluster/.hidden", 0o600)):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        path.chmod(mode)
    (top / "usr/lib/libcman.so.3").symlink_to("libcman.so.3.0")
    (top / "usr/share").mkdir()
    (top / "usr/share/cluster").symlink_to("/var/lib/cluster")
    (top / "lib64").symlink_to("usr/lib64")
    return top


def lab(tmp_path, overlay=None):
    return Lab(tmp_path / "run", tmp_path / "cache", Silent(), "bookworm", overlay)


def adopt(made):
    class Built:
        name, suite = "bookworm-x", "bookworm"
    made.adopt(Built, Options(named("tcg", ""), 768), [], None, 1)


def test_files_and_links_are_taken_as_they_are_below_usr(folder):
    files = payload.overlay(folder)
    assert {path: entry[:2] for path, entry in files.items()} == {
        "usr/sbin/cman_tool": (0o755, b"sbin/cman_tool"), "usr/sbin/clvmd": (0o750, b"usr/sbin/clvmd"),
        "usr/lib/libcman.so.3.0": (0o644, b"usr/lib/libcman.so.3.0"), "etc/cluster/.hidden": (0o600, b"etc/cluster/.hidden"),
        "usr/lib/libcman.so.3": (stat.S_IFLNK | 0o777, b"libcman.so.3.0"),
        "usr/share/cluster": (stat.S_IFLNK | 0o777, b"/var/lib/cluster")}


def test_what_is_no_file_is_refused(folder, tmp_path):
    with pytest.raises(errors.LabError, match="is no directory"):
        payload.overlay(tmp_path / "nothing")
    os.mkfifo(folder / "usr/pipe")
    with pytest.raises(errors.LabError, match="usr/pipe in the overlay is neither a file nor a symbolic link"):
        payload.overlay(folder)


def test_an_archive_has_the_links_as_links():
    archive = cpio.archive({"a/link": (stat.S_IFLNK | 0o777, b"target", 5), "a/file": (0o640, b"text", 5)})
    entries = {}
    at = 0
    while at < len(archive):
        numbers = [int(archive[at + 6 + 8 * n:at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = numbers[1], numbers[6], numbers[11]
        name = archive[at + 110:at + 109 + length].decode()
        data = at + (110 + length + 3) // 4 * 4
        entries[name] = (mode, archive[data:data + size])
        at = (data + size + 3) // 4 * 4
    assert entries["a/link"] == (stat.S_IFLNK | 0o777, b"target")
    assert entries["a/file"] == (stat.S_IFREG | 0o640, b"text")


def test_the_overlay_lies_over_everything_else(folder, tmp_path, monkeypatch):
    (folder / "etc/drbd.d").mkdir(parents=True)
    (folder / "etc/drbd.d/r0.res").write_bytes(b"theirs")
    laid = {}
    monkeypatch.setattr(payload, "product", lambda _: {"usr/sbin/dualstor": (0o755, b"", 0)})
    monkeypatch.setattr(payload, "code", lambda *_: {})
    monkeypatch.setattr(cpio, "archive", lambda files: laid.update(files) or b"")
    made = lab(tmp_path, folder)
    monkeypatch.setattr(made, "package", lambda: None)
    monkeypatch.setattr(made, "image", lambda: Image(*[None] * 8))
    made._payload()
    assert laid["payload/etc/drbd.d/r0.res"][1] == b"theirs"
    assert {"payload/usr/sbin/dualstor", "payload/usr/sbin/cman_tool"} <= set(laid)


def test_a_lab_keeps_its_overlay_until_another_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("DUALSTOR_LAB_OVERLAY", raising=False)
    assert lab(tmp_path).overlaid() == {}
    adopt(lab(tmp_path, folder))
    assert lab(tmp_path).overlaid() == payload.overlay(folder)
    other = tmp_path / "other"
    other.mkdir()
    assert lab(tmp_path, other).overlaid() == {}
    monkeypatch.setenv("DUALSTOR_LAB_OVERLAY", str(other))
    assert lab(tmp_path).overlaid() == {}


@pytest.mark.parametrize("words, kept", [("up", True), ("up --fresh", False), ("--overlay {} up --fresh", True)])
def test_new_disks_without_an_overlay_end_it(folder, tmp_path, monkeypatch, words, kept):
    monkeypatch.delenv("DUALSTOR_LAB_OVERLAY", raising=False)
    adopt(lab(tmp_path, folder))
    arguments = cli.parser().parse_args(words.format(folder).split())
    made = lab(tmp_path, arguments.overlay)
    monkeypatch.setattr(made, "up", lambda *_: None)
    cli.act(arguments, made)
    assert bool(made.overlaid()) is kept


def test_snapshots_with_and_without_one_have_other_names(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("DUALSTOR_LAB_OVERLAY", raising=False)

    class Built:
        name = "bookworm-x"

    def name(overlay):
        made = lab(tmp_path, overlay)
        monkeypatch.setattr(made, "plan", lambda: (Built, Options(named("tcg", ""), 768)))
        return snapshot._name(made, "blank")
    without, with_it = name(None), name(folder)
    (folder / "usr/sbin/clvmd").write_bytes(b"newer")
    assert len({without, with_it, name(folder)}) == 3
    assert name(None) == without


def test_the_command_takes_it():
    assert cli.parser().parse_args(["--overlay", "/tmp/x", "up"]).overlay == "/tmp/x"
    assert cli.parser().parse_args(["up"]).overlay is None
