"""Files that are whole or as they were, and in what place they never come."""

import os
import stat
from pathlib import Path

import pytest

from glacier.whole_files import why, write_whole


def write_new(path: Path) -> None:
    path.write_text("new")


def test_file_that_a_symlink_leads_to_is_replaced(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    link.symlink_to("file")

    write_whole(link, write_new)

    assert link.is_symlink()
    assert file.read_text() == "new"


def test_file_is_as_it_was_after_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_whole(file, fail)

    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_no_regular_file_stays_what_it_is(tmp_path: Path) -> None:
    """Root may replace `/dev/null`, and then no program of the machine works any more."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(OSError, match="it is a device or a pipe and not a file"):
        write_whole(pipe, write_new)

    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_directory_is_not_taken_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="it is a directory and not a file"):
        write_whole(tmp_path, write_new)


@pytest.mark.parametrize("below", ["new", "new/deep/er"])
def test_file_in_the_place_of_a_directory_is_named(tmp_path: Path, below: str) -> None:
    target = tmp_path / "file" / below
    (tmp_path / "file").touch()

    with pytest.raises(OSError) as caught:  # noqa: PT011 - its text is asserted below
        write_whole(target, write_new)

    assert why(caught.value, target) == f"'{tmp_path}/file' is a file and not a directory"
