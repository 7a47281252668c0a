# SPDX-License-Identifier: GPL-2.0-or-later
"""--drbd-modules DIR: which modules fit, what is refused, and what the guests' resource files are then."""
import lzma
import struct

import pytest

from lablib import Lab, cli, cpio, errors, image, modules, payload, snapshot
from lablib.accel import named
from lablib.machine import Options
from lablib.progress import Silent

RELEASE = "6.12.57+deb13-amd64"
VERMAGIC = f"{RELEASE} SMP preempt mod_unload modversions "


def ko(version="9.2.18", depends="", vermagic=VERMAGIC, more=b""):
    """A module as the linker leaves it: an ELF header, .shstrtab, .modinfo."""
    names = b"\0.shstrtab\0.modinfo\0"
    told = "".join(f"{key}={value}\0" for key, value in (("license", "GPL"), ("version", version), ("depends", depends),
                                                         ("vermagic", vermagic))).encode()
    body = names + told + more
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<2HI3QI6H", 1, 62, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, 3, 1)
    section = struct.Struct("<2I4Q2I2Q")
    table = section.pack(*[0] * 10)
    table += section.pack(1, 3, 0, 0, 64, len(names), 0, 0, 1, 0)
    table += section.pack(11, 1, 0, 0, 64 + len(names), len(told), 0, 0, 1, 0)
    return head + body + table


@pytest.fixture
def of(tmp_path):
    """An image, as far as its kernel is asked for."""
    initrd = tmp_path / "initrd"
    initrd.write_bytes(b"07070100" + b"\0" + f"vermagic={VERMAGIC}".encode() + b"\0more")
    return image.Image("trixie-1", tmp_path, None, initrd, None, None, "trixie", "cpython-313")


@pytest.fixture
def folder(tmp_path):
    top = tmp_path / "modules"
    top.mkdir()
    (top / "drbd.ko").write_bytes(ko(depends="libcrc32c"))
    (top / "drbd_transport_tcp.ko").write_bytes(ko(depends="drbd,tls"))
    (top / "Module.symvers").write_text("left alone")
    return top


def place(name):
    return f"usr/lib/modules/{RELEASE}/updates/{name}.ko"


def test_what_fits_goes_where_the_kernel_prefers_it(folder, of):
    found = modules.read(folder, of)
    assert (found.version, found.left_out) == ("9", [])
    assert {path: entry[:2] for path, entry in found.files.items()} == {
        place(name): (0o644, (folder / f"{name}.ko").read_bytes()) for name in ("drbd", "drbd_transport_tcp")}


def test_the_kernels_own_given_as_the_users_is_of_its_generation(folder, of):
    (folder / "drbd_transport_tcp.ko").unlink()
    (folder / "drbd.ko").write_bytes(ko("8.4.11", "lru_cache,libcrc32c"))
    assert modules.read(folder, of).version == "8.4"


def test_what_dkms_has_compressed_is_unpacked(folder, of):
    content = (folder / "drbd.ko").read_bytes()
    (folder / "drbd.ko").rename(folder / "drbd.ko.xz")
    (folder / "drbd.ko.xz").write_bytes(lzma.compress(content))
    assert modules.read(folder, of).files[place("drbd")][1] == content


def test_a_module_that_no_guest_could_load_is_left_out_and_named(folder, of):
    (folder / "drbd_transport_rdma.ko").write_bytes(ko(depends="drbd,rdma_cm,ib_core"))
    found = modules.read(folder, of)
    assert found.left_out == ["drbd_transport_rdma.ko is left out: the guests have no ib_core, rdma_cm"]
    assert place("drbd_transport_rdma") not in found.files


@pytest.mark.parametrize("name, content, words", [
    ("drbd.ko", ko(vermagic="6.1.0-42-amd64 SMP preempt mod_unload modversions "),
     "modules/drbd.ko is for another kernel: its vermagic is '6.1.0-42-amd64 SMP.*that of the guests '6.12.57.*lab/lab kernel"),
    ("drbd_transport_tcp.ko", ko(vermagic=f"{RELEASE} SMP mod_unload "), "drbd_transport_tcp.ko is for another kernel"),
    ("drbd.ko", b"\x7fELF\x02\x01" + bytes(80), "drbd.ko is no kernel module"),
    ("drbd.ko", b"#!/bin/sh\n", "drbd.ko is no kernel module: it is no 64-bit ELF file"),
    ("drbd.ko", None, "there is no drbd.ko in .*modules"),
    ("drbd_transport_tcp.ko", None, "there is no drbd_transport_tcp.ko in .*: DRBD 9.2.18 needs it"),
    ("drbd.ko", ko(depends="handshake"), "drbd.ko needs handshake: put it into"),
])
def test_what_does_not_fit_is_refused_by_its_name(folder, of, name, content, words):
    (folder / name).unlink()
    if content:
        (folder / name).write_bytes(content)
    with pytest.raises(errors.LabError, match=words):
        modules.read(folder, of)


def test_a_directory_that_is_not_there_is_refused(tmp_path, of):
    with pytest.raises(errors.LabError, match="is no directory"):
        modules.read(tmp_path / "nothing", of)


def test_the_command_says_for_which_kernel_to_build(of):
    assert modules.kernel(of) == [f"Linux {RELEASE} of Debian's trixie, image trixie-1", f"headers   linux-headers-{RELEASE}",
                                  f"vermagic  {VERMAGIC}"]


def lab(tmp_path, of, monkeypatch, folder=None):
    for name in ("OVERLAY", "DRBD_MODULES", "SUITE"):
        monkeypatch.delenv(f"DUALSTOR_LAB_{name}", raising=False)
    made = Lab(tmp_path / "run", tmp_path / "cache", Silent(), "trixie", None, folder)
    monkeypatch.setattr(made, "image", lambda: of)
    monkeypatch.setattr(made, "package", lambda: None)
    monkeypatch.setattr(made, "plan", lambda: (of, Options(named("tcg", ""), 768)))
    return made


def test_a_lab_keeps_them_and_its_resource_files_are_of_their_generation(folder, tmp_path, of, monkeypatch):
    monkeypatch.setattr(payload, "product", lambda _: {})
    monkeypatch.setattr(payload, "code", lambda *_: {})
    monkeypatch.setattr(cpio, "archive", dict)

    def laid(made):
        return {path: content.decode(errors="replace") for path, (_, content, _) in made._payload().items()}
    before = laid(lab(tmp_path, of, monkeypatch))
    assert "node-id" not in before["payload/etc/drbd.d/r0.res"] and f"payload/{place('drbd')}" not in before
    made = lab(tmp_path, of, monkeypatch, folder)
    made.adopt(of, made.plan()[1], [], None, 1)
    kept = lab(tmp_path, of, monkeypatch)
    for files in (laid(made), laid(kept)):
        assert "node-id 1;" in files["payload/etc/drbd.d/r0.res"] and f"payload/{place('drbd')}" in files
    kept.forget_overlay()
    assert laid(lab(tmp_path, of, monkeypatch)) == before


def test_a_snapshot_is_of_the_modules_with_which_it_was_taken(folder, tmp_path, of, monkeypatch):
    def name(given):
        return snapshot._name(lab(tmp_path, of, monkeypatch, given), "blank")
    without, with_them = name(None), name(folder)
    (folder / "drbd.ko").write_bytes(ko(more=b"fixed"))
    assert len({without, with_them, name(folder)}) == 3 and name(None) == without


def test_new_disks_without_them_end_them(folder, tmp_path, of, monkeypatch):
    made = lab(tmp_path, of, monkeypatch, folder)
    made.adopt(of, made.plan()[1], [], None, 1)
    arguments = cli.parser().parse_args(["up", "--fresh"])
    other = lab(tmp_path, of, monkeypatch, arguments.drbd_modules)
    monkeypatch.setattr(other, "up", lambda *_: None)
    cli.act(arguments, other)
    assert other.modules() is None


def test_the_command_takes_them():
    assert cli.parser().parse_args(["--drbd-modules", "/tmp/x", "up"]).drbd_modules == "/tmp/x"
    assert cli.parser().parse_args(["kernel"]).verb == "kernel"
