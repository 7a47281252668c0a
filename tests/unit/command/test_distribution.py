# SPDX-License-Identifier: GPL-2.0-or-later
"""Enterprise Linux 10 has no dlm: configure and check say so, and write nothing."""

import io

import pytest

from dualstor.command import distribution, main

ROCKY = ('NAME="Rocky Linux"\nVERSION_ID="%s"\nID="rocky"\nID_LIKE="rhel centos fedora"\n'
         'PLATFORM_ID="platform:el%s"\n')


@pytest.mark.parametrize("text, name", [
    (ROCKY % ("10.0", "10"), "Rocky Linux 10.0"), (ROCKY % ("9.6", "9"), None),
    (ROCKY % ("8.10", "8"), None), (ROCKY % ("11.1", "11"), "Rocky Linux 11.1"),
    ('NAME="CentOS Stream"\nVERSION_ID=10\nID="centos"\n', "CentOS Stream 10"),
    ('NAME="Oracle Linux Server"\nID="ol"\nVERSION_ID="10.0"\nID_LIKE="fedora"\n',
     "Oracle Linux Server 10.0"),
    ('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=43\nPLATFORM_ID="platform:f43"\n', None),
    ('NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="13"\n', None),
    ('NAME="Amazon Linux"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n'
     'PLATFORM_ID="platform:al2023"\n', None),
    ("ID=rhel\nVERSION_ID=10.1\n", "EL 10.1"), ("ID=rhel\n", None), ("rubbish\n", None),
    ("", None), (None, None)])
def test_which_distribution_has_no_dlm(text, name):
    assert distribution.without_dlm(text) == name


@pytest.fixture
def configure(tmp_path):
    def run(os_release, *words, controld=False):
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc" / "os-release").write_text(os_release)
        if controld:
            program = tmp_path / "usr" / "sbin" / "dlm_controld"
            program.parent.mkdir(parents=True)
            program.write_text("")
            program.chmod(0o755)
        out, err = io.StringIO(), io.StringIO()
        code = main.main(
            ["configure", "--root", str(tmp_path), "--node", "node1=10.0.0.1",
             "--node", "node2=10.0.0.2", "--disk", "/dev/sdb", "--fence", "node1=fence_x",
             "--fence", "node2=fence_x", *words], out, err)
        return code, out.getvalue(), err.getvalue()
    return run


@pytest.mark.parametrize("words", [(), ("--apply", "--yes"), ("--migrate", "vg0")])
def test_configure_writes_nothing_for_it(configure, words, tmp_path):
    code, out, err = configure(ROCKY % ("10.0", "10"), *words)
    assert code != 0 and out == ""
    assert "Rocky Linux 10.0 has no dlm" in err and "nothing was written" in err
    assert not (tmp_path / "etc" / "drbd.d").exists()


@pytest.mark.parametrize("os_release, controld", [
    (ROCKY % ("9.6", "9"), False), (ROCKY % ("10.0", "10"), True)])
def test_and_does_for_others_and_where_dlm_was_installed(configure, os_release, controld):
    code, out, _ = configure(os_release, controld=controld)
    assert code == 0 and "drbd-dualprimary" in out
