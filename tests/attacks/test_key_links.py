"""The attacker's plan: as the server's own user, put a link where root is about to write the next key, and be given what it leads to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from host_api.store.keys import Keys

if TYPE_CHECKING:
    from pathlib import Path

SOMEBODY = 12_345


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_link_in_the_place_of_the_next_key_gives_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, key = tmp_path / "shadow", tmp_path / "town.db.key"
    mine.write_text("root's")
    keys = Keys(key)
    keys.first()
    os.chown(key, SOMEBODY, SOMEBODY)
    write = os.fsync

    def exchange(file: int) -> None:
        """Between the writing and whatever comes next, as whoever owns the folder may at any moment."""
        write(file)
        following = tmp_path / "town.db.key.next"
        if following.exists() and not following.is_symlink():
            following.unlink()
            following.symlink_to(mine)

    monkeypatch.setattr(os, "fsync", exchange)
    with pytest.raises(Exception, match="key"):
        keys.following()
    assert mine.stat().st_uid == 0


def test_a_link_that_was_there_before_is_replaced_and_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "shadow"
    mine.write_text("root's")
    keys = Keys(tmp_path / "town.db.key")
    keys.first()
    (tmp_path / "town.db.key.next").symlink_to(mine)
    keys.following()
    assert mine.read_text() == "root's"
    assert (tmp_path / "town.db.key.next").stat().st_mode & 0o777 == 0o600
