# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe's hash, the order of modules, the initrd's archive, the payload."""
import io
import os
import subprocess
import sys
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lablib import bzimage, cpio, image, payload


def test_the_hash_is_the_same_for_the_same_recipe_and_another_for_any_change():
    of = image.recipe()
    assert image.recipe_hash(of) == image.recipe_hash(dict(reversed(list(of.items()))))
    changed = [{**of, "edition": -1}, {**of, "packages": of["packages"][1:]}, {**of, "init": of["init"] + " "}]
    assert len({image.recipe_hash(each) for each in [of, *changed]}) == 4


def test_the_recipe_names_what_the_cluster_needs():
    of = image.recipe()
    assert {"drbd-utils", "corosync", "pacemaker", "dlm-controld", "lvm2-lockd", "fence-virt"} <= set(of["packages"])
    assert {"drbd", "dlm", "overlay", "virtio_blk"} <= set(of["modules"])


def test_an_image_is_found_only_when_it_is_complete(tmp_path):
    folder = tmp_path / image.recipe_hash(image.recipe())
    folder.mkdir()
    assert image.find(tmp_path) is None
    (folder / "image.json").write_text("{}")
    assert image.find(tmp_path).folder == folder


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


@pytest.fixture
def project(tmp_path):
    for path, text in {
        "ocf/clvmd": "#!/usr/bin/python3\n",
        "lib/dualstor/record.py": "VALUE = 1\n",
        "lib/dualstor/tools/lvm.py": "VALUE = 2\n",
        "lib/dualstor/broken.py": "def\n",
        "lib/dualstor/__pycache__/record.cpython-39.pyc": "old",
        "metadata/clvmd.xml": "<resource-agent/>",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_product_is_laid_out_as_installed(project):
    files = payload.product(project)
    assert set(files) == {
        "usr/lib/ocf/resource.d/dualstor/clvmd",
        "usr/lib/ocf/lib/dualstor/record.py",
        "usr/lib/ocf/lib/dualstor/tools/lvm.py",
        "usr/lib/ocf/lib/dualstor/broken.py",
        "usr/share/dualstor/metadata/clvmd.xml",
    }
    assert files["usr/lib/ocf/resource.d/dualstor/clvmd"][0] == 0o755
    assert files["usr/lib/ocf/lib/dualstor/record.py"][0] == 0o644


def test_what_is_not_written_yet_is_left_out(tmp_path):
    assert payload.product(tmp_path) == {}


def test_the_hash_of_files_is_over_contents_and_not_over_times(project):
    before = payload.digest(payload.product(project))
    os.utime(project / "ocf/clvmd", (1, 1))
    assert payload.digest(payload.product(project)) == before
    (project / "ocf/clvmd").write_text("#!/usr/bin/python3 -I\n")
    assert payload.digest(payload.product(project)) != before


def test_byte_code_is_taken_by_python_as_it_stands(project, tmp_path):
    files = payload.product(project)
    code = payload.compiled(files)
    assert {path.rpartition("/")[2].split(".")[0] for path in code} == {"record", "lvm"}, "what does not compile has none"
    root = tmp_path / "root"
    tarfile.open(fileobj=io.BytesIO(payload.tar({**files, **code}))).extractall(root)
    library = root / payload.LIBRARY
    tag = sys.implementation.cache_tag
    for compiled in library.rglob("*.pyc"):
        compiled.rename(compiled.with_name(compiled.name.replace("cpython-311", tag)))
    done = subprocess.run(
        [sys.executable, "-v", "-B", "-c", "import record"], cwd=library, env={"PYTHONPATH": str(library)}, stderr=subprocess.PIPE
    )
    assert done.returncode == 0 and b"matches " in done.stderr
    assert b"/record.cpython" in b"".join(line for line in done.stderr.splitlines() if b" matches " in line)


def test_the_guests_configuration_is_there_with_its_programs_executable():
    files = payload.configuration()
    assert files["usr/local/lib/lab/rc"][0] == 0o755
    assert files["etc/corosync/corosync.conf"][0] == 0o644
    assert not any("__pycache__" in path for path in files)
