"""What an account may still keep: its versions and readmes are counted, and the oldest data makes room for new.

Code is never pruned, nor is the newest version of anything.
"""

from __future__ import annotations

import sqlite3

from host_api.store.model import Account, Quota
from kernel.errors import LimitError


def weight(readme: str | None) -> int:
    """Return the bytes of a readme, which a val has once, and not with each version."""
    return len((readme or "").encode("utf-8", "surrogatepass"))


def make_room(db: sqlite3.Connection, account: Account, size: int, quota: Quota, versions: int = 1) -> None:
    """Prune the oldest data versions until so many more of this size fit; raise LimitError when that is not enough."""
    row = db.execute("SELECT bytes, versions FROM accounts WHERE id = ?", (account.id,)).fetchone()
    surplus, count = row[0] + size - quota.storage, row[1] + versions - quota.versions
    if surplus <= 0 and count <= 0:
        return
    freed, dropped, last = _oldest(db, account, surplus, count)
    if freed < surplus or dropped < count:
        raise LimitError(
            f"@{account.name} has no room left: at most {quota.storage} bytes in {quota.versions} versions. "
            "Delete vals that are not needed."
        )
    db.execute("DELETE FROM versions WHERE owner_id = ? AND prunable = 1 AND seq <= ?", (account.id, last))
    count_in(db, account.id, -freed, -dropped)


def _oldest(db: sqlite3.Connection, account: Account, surplus: int, count: int) -> tuple[int, int, int]:
    """Return bytes and number of the oldest versions that make this much room, or all there are, and the last's place."""
    freed, dropped, last = 0, 0, 0
    found = db.execute(
        "SELECT seq, bytes FROM versions WHERE owner_id = ? AND prunable = 1 ORDER BY seq", (account.id,)
    )
    for seq, size in found:
        if freed >= surplus and dropped >= count:
            break
        freed, dropped, last = freed + size, dropped + 1, seq
    found.close()
    return freed, dropped, last


def count_in(db: sqlite3.Connection, owner_id: str, size: int, count: int) -> None:
    """Add to what an account keeps: bytes and versions, or less than nothing of them."""
    db.execute("UPDATE accounts SET bytes = bytes + ?, versions = versions + ? WHERE id = ?", (size, count, owner_id))
