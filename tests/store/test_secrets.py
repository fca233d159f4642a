from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.store import Account, Keys, Store
from host_api.store.keys import Cipher, parse_key
from host_api.store.secret import FEW
from kernel.errors import BadInput, BadSetting, NotFound

VALUE = "correct horse battery staple"
OTHER_KEY = "00" * 32


async def test_a_secret_is_kept_until_it_is_deleted(store: Store, alice: Account) -> None:
    await store.put_secret("alice", "apiKey", "one")
    await store.put_secret("ALICE", "APIKEY", VALUE)
    assert store.secret("alice", "apikey") == VALUE
    assert store.secret_names("alice") == ["APIKEY"]
    assert await store.delete_secret("alice", "apiKey")
    assert not await store.delete_secret("alice", "apiKey")
    assert store.secret("alice", "apiKey") is None


@pytest.mark.parametrize("value", ["", "ü\0\n", "\ud800", "x" * 65_536])
async def test_any_text_can_be_a_secret(store: Store, alice: Account, value: str) -> None:
    await store.put_secret("alice", "k", value)
    assert store.secret("alice", "k") == value


async def test_what_cannot_be_a_secret_is_refused(store: Store, alice: Account) -> None:
    with pytest.raises(BadInput):
        await store.put_secret("alice", "k", "x" * 65_537)
    with pytest.raises(BadInput):
        await store.put_secret("alice", "a-b", "x")
    with pytest.raises(NotFound):
        await store.put_secret("nobody", "k", "x")


async def test_no_file_beside_the_database_holds_a_secrets_text(store: Store, alice: Account, database: Path) -> None:
    await store.put_secret("alice", "k", VALUE)
    files = [path for path in database.parent.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert all(VALUE.encode() not in path.read_bytes() for path in files)


async def test_the_key_file_and_the_database_are_their_owners_alone(
    store: Store, alice: Account, database: Path
) -> None:
    await store.unlock()
    for name in ("valgate.db", "valgate.db-wal", "valgate.db.key"):
        assert (database.parent / name).stat().st_mode & 0o777 == 0o600


async def test_a_key_file_that_others_can_read_is_refused(database: Path) -> None:
    async with Store.open(database) as store:
        await store.unlock()
    database.with_name("valgate.db.key").chmod(0o644)
    async with Store.open(database) as store:
        with pytest.raises(BadSetting, match="chmod 600"):
            await store.unlock()


async def test_another_key_is_told_and_nothing_is_lost(database: Path) -> None:
    async with Store.open(database) as store:
        await store.add_account("alice")
        await store.put_secret("alice", "k", VALUE)
    async with Store.open(database, Keys(database, text=OTHER_KEY)) as store:
        with pytest.raises(BadSetting, match="VALGATE_KEY is not the key"):
            store.secret("alice", "k")
        with pytest.raises(BadSetting):
            store.put_secret("alice", "k", "other")
        with pytest.raises(BadSetting):
            store.unlock()
    async with Store.open(database) as store:
        assert store.secret("alice", "k") == VALUE


async def test_a_lost_key_file_is_not_silently_replaced(database: Path) -> None:
    async with Store.open(database) as store:
        await store.unlock()
    database.with_name("valgate.db.key").unlink()
    async with Store.open(database) as store:
        with pytest.raises(BadSetting, match="is gone"):
            await store.unlock()
    assert not database.with_name("valgate.db.key").exists()


async def test_of_two_that_start_at_once_with_different_keys_one_is_told(database: Path) -> None:
    async def unlocked(store: Store) -> None:
        await store.unlock()  # one that comes late is told before anything is queued

    async with Store.open(database) as one, Store.open(database, Keys(database, text=OTHER_KEY)) as two:
        ended = await asyncio.gather(unlocked(one), unlocked(two), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["BadSetting", "NoneType"]


async def test_a_sealed_row_moved_to_another_name_or_account_does_not_open(
    store: Store, alice: Account, database: Path
) -> None:
    """The attacker writes to the database file, and has an account: he moves alice's row to his own."""
    bob = await store.add_account("bob")
    await store.put_secret("alice", "k", VALUE)
    await store.put_secret("alice", "j", "other")
    await store.put_secret("bob", "k", "mine")
    with closing(sqlite3.connect(database)) as attacker, attacker:
        (sealed,) = attacker.execute(
            "SELECT sealed FROM secrets WHERE account_id = ? AND name = 'k'", (alice.id,)
        ).fetchone()
        attacker.execute("UPDATE secrets SET sealed = ? WHERE account_id = ?", (sealed, bob.id))
        attacker.execute("UPDATE secrets SET sealed = ? WHERE account_id = ? AND name = 'j'", (sealed, alice.id))
    for owner, name in (("bob", "k"), ("alice", "j")):
        with pytest.raises(BadSetting):
            store.secret(owner, name)
    assert store.secret("alice", "k") == VALUE


@given(st.binary(max_size=64), st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_one_changed_bit_anywhere_does_not_open(value: bytes, place: int, change: int) -> None:
    cipher = Cipher(bytes(32), "the key")
    sealed = bytearray(cipher.seal(value, b"about"))
    sealed[place % len(sealed)] ^= change
    with pytest.raises(BadSetting):
        cipher.unseal(bytes(sealed), b"about")


@pytest.mark.parametrize("text", ["", "hello", "zz" * 32, "00" * 31, "A" * 43, "\0"])
def test_what_is_no_key_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(BadSetting) as refused:
        parse_key(text, "VALGATE_KEY")
    assert not text.strip() or text not in str(refused.value)


def test_a_key_is_hexadecimal_or_base64() -> None:
    assert parse_key("ff" * 32 + "\n", "x") == b"\xff" * 32
    assert parse_key("//////////////////////////////////////////8=", "x") == b"\xff" * 32


async def test_a_key_file_that_is_no_key_is_told(database: Path) -> None:
    keys = database.with_name("valgate.db.key")
    keys.touch(mode=0o600)
    for content in (b"", b"\xff\xfe", b"not a key"):
        keys.write_bytes(content)
        async with Store.open(database) as store:
            with pytest.raises(BadSetting, match="key"):
                await store.unlock()


async def test_few_secrets_are_given_to_be_looked_for_and_many_or_large_ones_are_not(
    store: Store, alice: Account, database: Path
) -> None:
    assert store.few_secrets("alice") == {}
    for number in range(FEW):
        await store.put_secret("alice", f"k{number}", f"value {number}")
    assert store.few_secrets("ALICE") == {f"value {number}": f"k{number}" for number in range(FEW)}
    assert store.few_secrets("nobody") == {}
    await store.put_secret("alice", "one_more", "x")
    assert store.few_secrets("alice") is None
    await store.delete_secret("alice", "one_more")
    await store.put_secret("alice", "k0", "x" * 65_000)
    assert store.few_secrets("alice") is None
    async with Store.open(database, Keys(database, text=OTHER_KEY)) as other:
        assert other.few_secrets("alice") is None
