# SPDX-License-Identifier: GPL-2.0-or-later
"""What must survive is there whole, or not at all, and nobody else can have put it there."""

import errno
import os

import pytest

from dualstor.errors import ParseError
from dualstor.host.durable import Durable, NotKept
from dualstor.recover.journal import Store


def test_a_file_is_there_or_not(tmp_path):
    kept = Durable(str(tmp_path / "deep" / "r0"))
    assert kept.text("a") is None and kept.checksum("a") is None
    size, checksum = kept.keep("a", (b"x" * 5, b"y"))
    assert size == 6 and kept.checksum("a") == checksum and kept.text("a") == "xxxxxy"

    def interrupted():
        yield b"new"
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        kept.keep("a", interrupted())
    assert kept.text("a") == "xxxxxy" and os.listdir(tmp_path / "deep" / "r0") == ["a"]
    kept.remove("a"), kept.remove("a")
    assert kept.text("a") is None and kept.room() > 0
    assert os.stat(tmp_path / "deep" / "r0").st_mode & 0o777 == 0o700


def test_a_full_disk_is_an_error(tmp_path, monkeypatch):
    kept = Durable(str(tmp_path / "r0"))
    kept.keep("a", (b"old",))

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotKept, match="r0/a: No space left on device"):
        kept.keep("a", (b"new",))
    assert kept.text("a") == "old"


def test_a_place_that_others_may_write_is_not_used(tmp_path):
    (tmp_path / "r0").mkdir()
    (tmp_path / "r0").chmod(0o777)
    with pytest.raises(NotKept, match="others may write there"):
        Durable(str(tmp_path / "r0")).keep("a", (b"x",))


def test_links_are_not_followed(tmp_path):
    kept = Durable(str(tmp_path / "r0"))
    kept.keep("a", (b"x",))
    (tmp_path / "elsewhere").write_text("theirs")
    (tmp_path / "r0" / "b").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotKept):
        kept.text("b")
    kept.keep("b", (b"ours",))
    assert (tmp_path / "elsewhere").read_text() == "theirs" and kept.text("b") == "ours"


def test_one_at_a_time(tmp_path):
    kept = Durable(str(tmp_path / "r0"))
    first = kept.locked("lock")
    assert first is not None and Durable(str(tmp_path / "r0")).locked("lock") is None
    first.close()
    assert kept.locked("lock") is not None


def test_a_file_of_blocks(tmp_path):
    store = Store("r0", str(tmp_path))
    blocks = [(0, b"a" * 4096), (1 << 40, b"b" * (1 << 20)), (5, b"")]
    store.keep_blocks("blocks", iter(blocks))
    assert list(store.blocks("blocks")) == blocks
    path = tmp_path / "r0" / "blocks"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ParseError, match="cut off"):
        list(store.blocks("blocks"))
    with pytest.raises(ParseError, match="not there"):
        list(store.blocks("none"))
