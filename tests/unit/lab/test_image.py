# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe's hash, the order of modules, the initrd's archive, the payload."""
import io
import json
import lzma
import struct
import tarfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import packages
from lablib import Lab, accel, bzimage, cpio, errors, host, image, package, paths, payload, snapshot
from lablib.machine import Options
from lablib.progress import Silent

SUITES = pytest.mark.parametrize("suite", image.SUITES)


def test_the_name_is_the_same_for_the_same_recipe_and_another_for_any_change():
    of = image.recipe("bookworm")
    assert image.name_of(of) == image.name_of(dict(reversed(list(of.items()))))
    changed = [{**of, "edition": -1}, {**of, "packages": of["packages"][1:]}, {**of, "init": of["init"] + " "}]
    others = [image.recipe(suite) for suite in image.SUITES if suite != "bookworm"]
    assert len({image.name_of(each) for each in [of, *changed, *others]}) == 4 + len(others)


@SUITES
def test_the_recipe_names_what_the_cluster_needs(suite):
    of = image.recipe(suite)
    assert {"drbd-utils", "corosync", "pacemaker", "dlm-controld", "lvm2-lockd", "fence-virt"} <= set(of["packages"])
    assert {"drbd", "dlm", "overlay", "virtio_blk"} <= set(of["modules"])
    assert image.name_of(of).startswith(suite + "-")


def test_the_suite_is_the_one_that_is_named_else_the_environments_else_the_default(monkeypatch):
    monkeypatch.delenv("DUALSTOR_LAB_SUITE", raising=False)
    assert image.suite() == "trixie" and image.suite("bookworm") == "bookworm"
    monkeypatch.setenv("DUALSTOR_LAB_SUITE", "forky")
    assert image.suite() == "forky" and image.suite("trixie") == "trixie"
    monkeypatch.setenv("DUALSTOR_LAB_SUITE", "potato")
    with pytest.raises(errors.LabError, match="no suite 'potato': choose trixie, bookworm, forky"):
        image.suite()


@pytest.mark.parametrize("flavour", image.FLAVOURS)
def test_a_flavour_is_its_suite_with_more_in_it_and_an_image_of_its_own(flavour):
    debian, more, modules, init = image.FLAVOURS[flavour]
    of, plain = image.recipe(flavour), image.recipe(debian)
    assert of["packages"] == plain["packages"] + list(more) and (of["suite"], of["debian"]) == (flavour, debian)
    assert of["modules"] == plain["modules"] + list(modules)
    assert of["init"].endswith(f"switch_root /new {init}\n") and plain["init"].endswith(f"switch_root /new {image.BUSYBOX}\n")
    told = {"packages": 0, "modules": 0, "suite": 0, "debian": 0, "init": 0}
    assert {**of, **told} == {**plain, **told}
    assert image.suite(flavour) == flavour and image.name_of(of).startswith(f"{flavour}-")
    assert "debian" not in plain, "the names of images without a flavour are as they were"


@SUITES
def test_an_image_is_found_only_when_it_is_complete(tmp_path, suite):
    folder = tmp_path / image.name_of(image.recipe(suite))
    folder.mkdir()
    assert image.find(suite, tmp_path) is None
    (folder / "image.json").write_text("{}")
    assert image.find(suite, tmp_path) is None, "one of before"
    (folder / "image.json").write_text(json.dumps({"recipe": image.recipe(suite), "python": "cpython-314"}))
    found = image.find(suite, tmp_path)
    assert (found.folder, found.suite, found.python) == (folder, suite, "cpython-314")


def test_the_python_of_an_image_is_known_by_its_library():
    files = ["usr/lib/python3.13/os.py", "usr/lib/python3/dist-packages/os.py", "usr/lib/python3.13/test/os.py"]
    assert image.python_tag(files) == "cpython-313"


def labs(tmp_path, monkeypatch, *suites):
    """Labs with one run directory and one cache, as commands one after the other have them."""
    monkeypatch.delenv("DUALSTOR_LAB_SUITE", raising=False)
    return [Lab(tmp_path / "run", tmp_path / "cache", Silent(), suite) for suite in suites]


def test_disks_of_another_suite_are_not_gone_on_with(tmp_path, monkeypatch):
    old, new = labs(tmp_path, monkeypatch, "bookworm", None)
    old.adopt(image.Image("bookworm-1", None, None, None, None, None, "bookworm", "cpython-311"),
              Options(accel.named("tcg", "")), [], None, 1)
    with pytest.raises(errors.LabError, match="are those of bookworm: .*bookworm up.*trixie up --fresh"):
        new.up()


def test_snapshots_of_each_suite_are_apart(tmp_path, monkeypatch):
    found = labs(tmp_path, monkeypatch, "bookworm", "trixie")
    for number, lab in enumerate(found):
        for name in ("saved", "formed-dualstor-1", "formed-dualstor-2", "formed-dualstor-3"):
            folder = tmp_path / "cache" / "snapshots" / lab.suite / name
            folder.mkdir(parents=True)
            (folder / "snapshot.json").write_text(json.dumps({"taken": number, "image": lab.suite}))
    snapshot.prune(found[0])
    assert [{about["image"] for _, about in snapshot.names(lab)} for lab in found] == [{"bookworm"}, {"trixie"}]
    assert [len(snapshot.names(lab)) for lab in found] == [1 + snapshot.KEEP["formed-"], 4]


MODULES = """\
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/fs/overlayfs/overlay.ko:
"""


def test_modules_come_after_what_they_need_and_once():
    order = image.module_order(MODULES, ("virtio-blk", "overlay", "virtio", "built_in"))
    names = [path.rpartition("/")[2] for path in order]
    assert sorted(names) == ["overlay.ko", "virtio.ko", "virtio_blk.ko", "virtio_ring.ko"]
    assert names.index("virtio_ring.ko") < names.index("virtio.ko") < names.index("virtio_blk.ko")


def parse_cpio(data):
    """{name: (mode, content)}, by the field offsets of the format."""
    entries, at = {}, 0
    while True:
        fields = [int(data[at + 6 + 8 * index : at + 14 + 8 * index], 16) for index in range(13)]
        assert data[at : at + 6] == b"070701" and at % 4 == 0
        name = data[at + 110 : at + 110 + fields[11] - 1].decode()
        start = at + 110 + fields[11]
        start += -start % 4
        if name == "TRAILER!!!":
            return entries
        assert fields[2] == fields[3] == 0, "everything belongs to root"
        entries[name] = (fields[1], data[start : start + fields[6]])
        at = start + fields[6]
        at += -at % 4


@given(
    st.dictionaries(
        st.from_regex(r"\A[a-z]{1,9}(/[a-z.]{1,9}){0,3}x\Z"), st.tuples(st.sampled_from([0o644, 0o755]), st.binary(max_size=50))
    )
)
def test_an_archive_holds_each_file_below_its_folders(files):
    entries = parse_cpio(cpio.archive({name: (mode, data, 1234.5) for name, (mode, data) in files.items()}))
    for name, (mode, data) in files.items():
        if not any(other.startswith(name + "/") for other in files):
            assert entries[name] == (0o100000 | mode, data)
        for depth in range(1, name.count("/") + 1):
            assert "/".join(name.split("/")[:depth]) in entries
    assert list(entries) and len(entries) >= len(files) if files else entries == {}


def test_what_is_no_kernel_is_left_alone():
    assert bzimage.vmlinux(b"") is None
    assert bzimage.vmlinux(bytes(4096)) is None
    assert bzimage.vmlinux(packed(b"what another program packed")) is None


def packed(payload):
    """A bzImage as its header describes it, with one sector of setup."""
    head = bytearray(1024)
    head[0x1F1], head[0x202:0x206] = 1, b"HdrS"
    struct.pack_into("<II", head, 0x248, 0, len(payload))
    return bytes(head) + payload


KERNEL = b"\x7fELF" + bytes(range(256)) * 40
LENGTH = struct.pack("<I", len(KERNEL))


def test_the_kernel_is_taken_out_of_its_package():
    assert bzimage.vmlinux(packed(lzma.compress(KERNEL, check=lzma.CHECK_CRC32) + LENGTH)) == KERNEL
    assert bzimage.vmlinux(packed(lzma.compress(b"no" + KERNEL) + LENGTH)) is None


def test_the_program_zstd_gets_its_own_without_what_the_kernel_puts_behind(tmp_path, monkeypatch):
    program = tmp_path / "zstd"
    program.write_text("#!/bin/sh\n[ \"$*\" = -dcq ] && tail -c +5\n")     # the magic number
    program.chmod(0o755)
    monkeypatch.setattr(host, "find", {"zstd": str(program)}.get)
    assert bzimage.vmlinux(packed(bzimage.ZSTANDARD + KERNEL + LENGTH)) == KERNEL
    assert bzimage.vmlinux(packed(bzimage.ZSTANDARD + b"no" + KERNEL + LENGTH)) is None


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the tree's package, with what rpm has installed of it."""
    return package.build(Silent(), tmp_path_factory.mktemp("cache"))


def test_the_product_is_what_rpm_has_installed(built):
    files = payload.product(built)
    assert files["usr/lib/ocf/resource.d/dualstor/clvmd"][0] == 0o755
    permissions, content, mtime = files["usr/lib/ocf/lib/dualstor/record.py"]
    assert (permissions, content) == (0o644, (paths.PROJECT / "lib" / "dualstor" / "record.py").read_bytes())
    assert mtime == int((built / "root" / payload.LIBRARY / "record.py").stat().st_mtime)
    assert "usr/sbin/dualstor" in files and "usr/share/dualstor/metadata/clvmd.xml" in files
    assert "var/lib/rpm/rpmdb.sqlite" in files, "rpm in the guest knows of it"
    assert not any(path.startswith("usr/share/doc/dualstor-doc") for path in files)


def test_the_same_tree_is_built_once(built, monkeypatch):
    class Building(Silent):
        def step(self, what):
            raise AssertionError(f"{what} is built again")

    assert package.build(Building(), built.parent.parent) == built


def test_the_hash_of_a_product_is_over_contents_and_not_over_what_rpm_notes(built):
    files = payload.product(built)
    before = payload.digest(files)
    noted = {**files, "var/lib/rpm/rpmdb.sqlite": (0o644, b"later", 1)}
    assert payload.digest(noted) == before
    agent = "usr/lib/ocf/resource.d/dualstor/clvmd"
    assert payload.digest({**files, agent: (0o755, files[agent][1] + b"#", files[agent][2])}) != before
    assert payload.digest({**files, agent: (0o700, *files[agent][1:])}) != before


def test_byte_code_of_another_python_is_noticed(built):
    files = payload.product(built)
    (here,) = {path.split(".")[-2] for path in files if path.endswith(".pyc")}  # of the Python that rpmbuild found
    foreign = {path.replace(here, "cpython-399"): entry for path, entry in files.items()}
    assert payload.has_code(foreign, "cpython-399") and not payload.has_code(foreign, here)


def test_a_tree_that_does_not_build_says_where_to_look(tmp_path):
    tree = Path(packages.copy(tmp_path))
    (tree / "lib" / "dualstor" / "broken.py").write_text("def\n")
    with pytest.raises(errors.LabError, match="(?s)make rpm.*broken.py"):
        package.build(Silent(), tmp_path / "cache", tree)


def test_the_guests_configuration_is_there_with_its_programs_executable():
    files = payload.configuration()
    assert files["usr/local/lib/lab/rc"][0] == 0o755
    assert files["etc/corosync/corosync.conf"][0] == 0o644
    assert not any("__pycache__" in path for path in files)


def test_what_a_guest_has_compiled_is_laid_over_all_further_ones(tmp_path, monkeypatch):
    """Python is slow on an emulated machine: once for each state of the tree, not at each boot and restore."""
    product = {f"{payload.LIBRARY}/dualstor/x.py": (0o644, b"", 1)}
    monkeypatch.setattr(payload, "product", lambda _: product)
    lab = Lab(tmp_path / "run", tmp_path / "cache", Silent(), "trixie")
    monkeypatch.setattr(lab, "package", lambda: tmp_path)
    monkeypatch.setattr(lab, "image", lambda: SimpleNamespace(python="cpython-399"))
    asked = []
    name = f"{payload.LIBRARY}/dualstor/__pycache__/x.cpython-399.pyc"

    def pull_tree(folder, pattern):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            entry = tarfile.TarInfo(name)
            entry.size = 4
            archive.addfile(entry, io.BytesIO(b"code"))
        return made.getvalue()
    node = SimpleNamespace(run=lambda *words: asked.append(words) or SimpleNamespace(rc=0), pull_tree=pull_tree)
    assert payload.code(tmp_path, "cpython-399") == {}
    for _ in range(3):
        lab.compile_product(node)
    payload.keep_code(tmp_path, "cpython-399", pull_tree("", ""))     # by the other node, at the same time
    assert len(asked) == 1
    assert {path: entry[:2] for path, entry in payload.code(tmp_path, "cpython-399").items()} == {name: (0o644, b"code")}
    assert {path.name for path in tmp_path.iterdir()} == {"run", "code-cpython-399"}
