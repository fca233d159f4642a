"""Our edits of a fetched source are of that source, or are refused: a line number of another version is another line."""

from __future__ import annotations

from hashlib import sha256

import pytest

from guests.edits import EditError, edited

SOURCE = b"one\ntwo\nthree\nfour\n"
OF = f"# sha256 {sha256(SOURCE).hexdigest()}\n"


def test_lines_are_changed_appended_and_deleted() -> None:
    script = f"{OF}# why\n4d\n\n2,3c\n2\n# not a comment here\n.\n1a\nbetween\n.\n"
    assert edited(SOURCE, script) == b"one\nbetween\n2\n# not a comment here\n"


def test_another_source_is_refused() -> None:
    with pytest.raises(EditError, match="another source"):
        edited(SOURCE + b"five\n", f"{OF}1d\n")


def test_a_script_that_names_no_source_is_refused() -> None:
    with pytest.raises(EditError, match="another source"):
        edited(SOURCE, "1d\n")


@pytest.mark.parametrize("script", ["1d\n2d\n", "2d\n2d\n", "0d\n", "5d\n", "3,2d\n", "3,4d\n4d\n"])
def test_commands_out_of_order_or_place_are_refused(script: str) -> None:
    with pytest.raises(EditError, match="out of order"):
        edited(SOURCE, OF + script)


def test_what_is_no_command_is_refused() -> None:
    with pytest.raises(EditError, match="not a command"):
        edited(SOURCE, f"{OF}1s/one/two/\n")


def test_a_text_without_its_end_is_refused() -> None:
    with pytest.raises(EditError, match="no end"):
        edited(SOURCE, f"{OF}1c\nnever ended\n")
