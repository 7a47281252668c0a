# SPDX-License-Identifier: GPL-2.0-or-later
"""/etc/dualstor.toml, and the part of TOML that is read without Python 3.11."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualstor.command import site, toml
from dualstor.errors import DualstorError

try:
    import tomllib
except ImportError:     # before Python 3.11
    import tomli as tomllib

GOOD = [
    "", "# nothing\n", "a = 1\n", "a = -5 # five\n", "a=true\nb = false", "[check]\n",
    'a = "x \\"y\\" \\\\ \\t"\n', "a = 'x \\ # y'\n", "a = []\n", 'a = ["x", "y"]\r\nb = 2\r\n',
    'a = [\n  "x",   # first\n\n  \'y\', # last\n]\n', "a = [[1, 2], [true]]\n",
    '[check]\nignore = [ "LVM-FILTER", ]\n\n[other]\n"quoted key" = 1\nbare-key_1 = 2\n',
]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_read_is_what_python_reads(text):
    assert toml.read_part(text, "f") == tomllib.loads(text) == toml.parse(text, "f")


@pytest.mark.parametrize("text", [
    "a", "a =", "a = \n", "= 1", "a = 1 b = 2", "[check", "[check] a = 1", "a = [1, 2", "a = \"x",
    "a = 'x\ny'", "a = 1\na = 2", "[a]\n[a]\n", "a = x", "a = [1 2]", "]", "a = \"\\x\"",
])
def test_what_is_no_toml_is_an_error_with_its_line(text):
    for read in (toml.read_part, toml.parse):
        with pytest.raises(DualstorError, match="^f:"):
            read(text, "f")
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)


@pytest.mark.parametrize("text, line", [
    ('a = """x"""\n', 1), ("\na = 1.5\n", 2), ("a.b = 1\n", 1), ("a = { b = 1 }\n", 1),
    ("[a.b]\n", 1), ("a = 1979-05-27\n", 1), ("[[a]]\n", 1), ("a = 0x1f\n", 1)])
def test_what_only_python_reads_is_refused(text, line):
    with pytest.raises(DualstorError, match=f"^f:{line}: "):
        toml.read_part(text, "f")


@given(st.lists(st.sampled_from(["a", "b", "=", "[", "]", ",", '"x"', "'y'", "1", "true", "\n",
                                 " ", "#", "\\", '"', "."]), max_size=12).map("".join))
def test_no_text_is_read_differently(text):
    try:
        found = toml.read_part(text, "f")
    except DualstorError:
        return
    assert found == tomllib.loads(text)


def test_the_findings_that_a_site_ignores():
    assert site.parse('[check]\nignore = ["LVM-FILTER", "PCMK-CLONE"]\n').ignore == (
        "LVM-FILTER", "PCMK-CLONE")
    assert site.parse("[check]\n").ignore == () and site.parse("").ignore == ()


@pytest.mark.parametrize("text, says", [
    ("ignore = []\n", "no such setting: ignore"), ("[check]\nignor = []\n", "ignor"),
    ("[chekc]\n", "chekc"), ("check = 1\n", "check"), ("[check]\nignore = \"X\"\n", "list of ids"),
    ("[check]\nignore = [1]\n", "list of ids"),
])
def test_another_setting_is_an_error(text, says):
    with pytest.raises(DualstorError, match=says):
        site.parse(text)


def test_the_file(tmp_path):
    path = tmp_path / "dualstor.toml"
    assert site.read(str(path)) == site.Site()
    path.write_text("[check]\nignore = ['LVM-FILTER']\n")
    assert site.read(str(path)).ignore == ("LVM-FILTER",)
    path.write_bytes(b"\xff")
    with pytest.raises(DualstorError, match="dualstor.toml"):
        site.read(str(path))
    with pytest.raises(DualstorError, match="directory"):
        site.read(str(tmp_path))
