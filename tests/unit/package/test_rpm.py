# SPDX-License-Identifier: GPL-2.0-or-later
"""The RPMs: what they hold and ask for, that two builds give the same bytes, that %check checks."""

import filecmp
import os
import re
import subprocess
import sys

import pytest

import packages
from dualstor import __version__
from dualstor.agents.catalogue import NAMES as AGENTS
from lablib import package
from sourcetree import TREE

from .conftest import Root, write_configuration

NAMES = ("dualstor", "dualstor-doc", "resource-agents-dualstor")


def rpm_files(folder):
    """{name of a binary package: path of its RPM}."""
    return {name.rpartition("-")[0].rpartition("-")[0]: os.path.join(str(folder), name)
            for name in os.listdir(str(folder)) if name.endswith(".noarch.rpm")}


def asked(path, *options):
    """What rpm says of a package file, as lines."""
    return packages.run("rpm", "-qp", *(options + (path,))).splitlines()


@pytest.fixture(scope="module")
def rpms(build):
    return rpm_files(build)


@pytest.fixture(scope="module")
def root(rpms, tmp_path_factory):
    """A Root into which rpm has installed all of them."""
    folder = tmp_path_factory.mktemp("rpm") / "root"
    package.install(sorted(rpms.values()), folder)
    return Root(folder)


def test_the_packages_and_their_version(rpms):
    assert set(rpms) == set(NAMES)
    for name, path in rpms.items():
        assert asked(path, "--qf", "%{name} %{version} %{arch} %{license}\\n") == [
            f"{name} {__version__} noarch GPL-2.0-or-later"]


def test_each_file_of_an_installation_is_in_one_package(rpms, installed):
    files = [path for name in NAMES for path in asked(rpms[name], "-l")]
    licences = {path for path in files if path.endswith("/LICENSE")}
    assert len(files) - len(set(files)) == 0 and licences
    for path in installed.files():
        if path.startswith("usr/share/man/"):
            path += ".gz"
        path = path.replace("usr/share/doc/dualstor/", "usr/share/doc/dualstor-doc/")
        assert "/" + path in files, path


def test_agents_are_in_the_package_for_the_cluster_manager(rpms):
    listed = asked(rpms["resource-agents-dualstor"], "-l")
    for name in AGENTS:
        assert "/usr/lib/ocf/resource.d/dualstor/" + name in listed
        assert f"/usr/share/man/man7/ocf_dualstor_{name}.7.gz" in listed
        assert f"/usr/share/dualstor/metadata/{name}.xml" in listed


def test_what_they_ask_for(rpms):
    ours = f"= {__version__}-1"
    command, agents = rpms["dualstor"], rpms["resource-agents-dualstor"]
    assert {"python3 >= 3.6", "python3-lxml"} <= set(asked(command, "--requires"))
    assert {"dualstor " + ours, "lvm2", "pacemaker"} <= set(asked(agents, "--requires"))
    wanted = {"(lvm2-lockd or lvm2-cluster)", "corosync", "dlm", "drbd-utils"}
    assert wanted <= set(asked(agents, "--recommends"))
    assert "resource-agents-dualstor " + ours in asked(command, "--recommends")
    assert {"pcs", "openssh-clients"} <= set(asked(command, "--suggests"))


def scripts(path, folder, *replaced):
    """{when: a function of how many instances of a package are left, which runs its script}.

    :param folder: where its files are, in place of /
    :param replaced: (text, text that is to stand there)
    """
    found = {}
    for line in asked(path, "--scripts"):
        head = re.match(r"(\w+) scriptlet \(using /bin/sh\):", line)
        if head:
            text = found.setdefault(head.group(1), [])
            continue
        for one, other in (*replaced, (" /usr/lib/ocf/", f" {folder}/usr/lib/ocf/")):
            line = line.replace(one, other)
        text.append(line)

    def runs(text):
        return lambda left: subprocess.run(["sh", "-c", text, "scriptlet", str(left)],
                                           stderr=subprocess.PIPE, text=True, check=False)
    return {when: runs("\n".join(lines)) for when, lines in found.items()}


def test_they_run_no_more_than_they_must(rpms, tmp_path):
    """tmpfiles.d and the rest are for the distribution's own triggers."""
    assert {name: set(scripts(path, tmp_path)) for name, path in rpms.items()} == {
        "dualstor": {"preuninstall", "postinstall", "postuninstall"},
        "resource-agents-dualstor": {"preuninstall"}, "dualstor-doc": set()}


def test_byte_code_of_another_python_does_not_outlive_an_upgrade_nor_a_removal(rpms, tmp_path):
    """An agent that root runs has written it. Its source may have the time and size of the new one."""
    package.install(sorted(rpms.values()), tmp_path / "root")
    library = tmp_path / "root" / "usr/lib/ocf/lib/dualstor"
    ours = sorted(library.rglob("*.pyc"))
    others = [path.with_name(path.name.replace(sys.implementation.cache_tag, "cpython-399")) for path in ours]
    for path in others:
        path.write_bytes(b"code")
    steps = scripts(rpms["dualstor"], tmp_path / "root")
    assert steps["postinstall"](2).returncode == 0 and sorted(library.rglob("*.pyc")) == ours
    others[0].write_bytes(b"code")
    assert steps["postuninstall"](1).returncode == 0 and others[0].exists(), "of the old version"
    for path in [*ours, *library.rglob("*.py")]:
        path.unlink()   # as rpm has done by then
    assert steps["postuninstall"](0).returncode == 0
    assert [path for path in library.rglob("*") if "__pycache__" in path.parts] == []
    assert steps["postuninstall"](0).returncode == 0


@pytest.mark.parametrize("name", ["dualstor", "resource-agents-dualstor"])
def test_a_removal_is_refused_while_drbd_names_the_handler(rpms, installed, tmp_path, name):
    preun = scripts(rpms[name], installed.folder, ("named.py / ", f"named.py {tmp_path} "))["preuninstall"]
    assert preun(0).returncode == 0
    write_configuration(Root(tmp_path))
    refused = preun(0)
    assert refused.returncode == 1 and "/etc/drbd.d/r0.res:2 names it" in refused.stderr
    assert preun(1).returncode == 0, "an upgrade"


@pytest.mark.parametrize("name", AGENTS)
def test_an_installed_monitor_has_nothing_to_compile(root, name):
    assert all(root.loaded(name).values())
    done = packages.run(root.agent(name), "meta-data", env={})
    assert f'name="{name}"' in done


def test_rpm_verifies_what_it_has_installed(root):
    done = subprocess.run(["rpm", "--root", root.folder, "--dbpath", "/" + package.DATABASE, "-Va",
                           "--nodeps"], stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


def header(path):
    """{tag: text} of a package's header, but for the checksums over it and over the source package.

    The header of the source package tells in which folder it was built.
    """
    tags = dict(re.findall(r'<rpmTag name="([A-Za-z0-9]+)">(.*?)</rpmTag>',
                           "\n".join(asked(path, "--xml")), re.S))
    return {tag: text for tag, text in tags.items()
            if tag not in ("Sigmd5", "Sha1header", "Sha256header", "Sourcepkgid")}


def test_two_builds_of_the_same_tree_give_the_same_payload(build, rpms, tmp_path):
    """The second from a copy elsewhere, later, by a caller with another umask and time zone."""
    copy, dist = packages.copy(tmp_path), tmp_path / "dist"
    dist.mkdir()
    environment = dict(os.environ, TZ="Pacific/Auckland", LANG="C.UTF-8", PYTHONHASHSEED="7")
    packages.run("sh", "-c", 'umask 077; tools/make-dist "$0"; tools/make-rpm "$0" --without check',
                 dist, cwd=copy, env=environment)
    source = f"dualstor-{__version__}.tar.gz"
    assert filecmp.cmp(os.path.join(str(build), source), os.path.join(str(dist), source),
                       shallow=False)
    again = rpm_files(dist)
    assert set(again) == set(rpms)
    for name, path in rpms.items():
        one, two = header(path), header(again[name])
        assert len(one["Payloaddigest"]) > 64 and one == two, name


def test_the_check_of_the_spec_fails_with_a_test(tmp_path):
    copy, dist = packages.copy(tmp_path), tmp_path / "dist"
    build = [os.path.join(copy, "tools", "make-rpm"), str(dist),
             "--define", f"pytest {sys.executable} -m pytest",
             "--define", "check_tests tests/unit/core/test_record.py"]
    packages.archive(dist, copy)
    packages.run(*build)
    path = os.path.join(copy, "tests", "unit", "core", "test_record.py")
    with open(path, "a", encoding="utf-8") as stream:
        stream.write("\n\ndef test_that_fails():\n    assert False\n")
    packages.archive(dist, copy)
    done = subprocess.run(build, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, check=False)
    assert done.returncode != 0 and "%check" in done.stdout


def test_the_archive_is_the_tree_without_what_is_made(build):
    archive = os.path.join(str(build), f"dualstor-{__version__}.tar.gz")
    inside = {name.partition("/")[2] for name in packages.run("tar", "-tzf", archive).splitlines()}
    assert {"Makefile", "LICENSE", "README.md", "rpm/dualstor.spec", "debian/rules",
            "ocf/clvmd"} <= inside
    assert not [name for name in inside if name.startswith((".git/", ".venv", "dist/", "build/"))
                or name.endswith(".pyc")]


def test_all_changelogs_begin_with_this_version():
    def first(path, pattern):
        with open(os.path.join(TREE, path), encoding="utf-8") as stream:
            return re.search(pattern, stream.read(), re.M).group(1)
    assert first("rpm/dualstor.spec", r"^Version: +(\S+)") == __version__
    assert first("rpm/dualstor.spec", r"^\* .* - (\S+)-1$") == __version__
    assert first("debian/changelog", r"^dualstor \((\S+)-1\)") == __version__
    assert first("CHANGELOG.md", r"^## (\S+)") == __version__


def test_rpmlint_has_nothing_to_say_that_is_not_explained(build, rpms):
    packages.run(os.path.join(TREE, "tools", "need"), "rpmlint", "rpmlint", "rpmlint")
    said = packages.run("rpmlint", "--config", "rpm/rpmlint.toml", "rpm/dualstor.spec",
                        *sorted(rpms.values()), cwd=TREE)
    assert "0 errors, 0 warnings" in said, said
