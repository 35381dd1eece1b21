"""What `watchpost config pull` writes is there in full or not at all, and nothing beside it."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from watchpost_cli.config_command import _write
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_link_is_written_through_and_nothing_is_left_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there/real.yaml", tmp_path / "watchpost.yaml"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    # given a link with a name that could be guessed, to a file of somebody else
    real.with_name(".real.yaml.new").symlink_to(tmp_path / "foreign")

    _write(str(link), "größe", force=True)

    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "größe"
    assert real.stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / "foreign").exists()
    assert {one.name for one in real.parent.iterdir()} == {"real.yaml", ".real.yaml.new"}


def test_a_file_that_cannot_be_written_is_as_it_was_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "watchpost.yaml"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copymode", full)
    with pytest.raises(CliError, match="cannot be written: No space left on device"):
        _write(str(path), "new", force=True)

    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("watchpost.yaml", "old")]


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    _write(str(pipe), "text", force=True)

    assert os.read(reader, 100) == b"text"
    assert pipe.is_fifo()
    os.close(reader)


@pytest.mark.parametrize("name", ["", "nowhere/watchpost.yaml"])
def test_a_place_where_no_file_can_be_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(CliError, match="cannot be written"):
        _write(str(tmp_path / name), "text", force=True)

    assert list(tmp_path.iterdir()) == []
