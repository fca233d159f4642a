from __future__ import annotations

import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from host_api.store import ALL_SCOPES, Account, Scope, Store
from host_api.store.clock import now_ms
from host_api.store.ids import AHEAD, new_id, new_timed_id
from kernel.errors import BadInput, Conflict, NotFound

EVIL = "x'); DROP TABLE accounts; --"


async def test_an_account_is_found_however_its_name_is_spelled(store: Store, alice: Account) -> None:
    assert store.account("aLiCe") == alice
    assert store.account_by_id(alice.id) == alice
    assert alice.name == "Alice"


async def test_two_spellings_are_one_name(store: Store, alice: Account) -> None:
    with pytest.raises(Conflict):
        await store.add_account("ALICE")


@pytest.mark.parametrize("name", ["me", "anonymous", "secrets", "", "1a", "a b", "ä", "x" * 49, EVIL, "a\0"])
async def test_what_is_no_name_makes_no_account(store: Store, name: str) -> None:
    with pytest.raises(BadInput):
        await store.add_account(name)
    assert store.account(name) is None


@pytest.mark.parametrize("email", ["a", "a@b\nBcc: x@y", "a b@c", "a@b,c@d", "<a@b>", ""])
async def test_what_is_no_address_is_refused(store: Store, email: str) -> None:
    with pytest.raises(BadInput):
        await store.add_account("bob", email)


async def test_a_name_is_never_sql(store: Store, alice: Account) -> None:
    assert store.account(EVIL) is None
    assert store.val(EVIL, EVIL) is None
    assert store.secret(EVIL, EVIL) is None
    assert store.authenticate(EVIL) is None
    assert (store.mail(EVIL), store.evaluations(EVIL), store.secret_names(EVIL)) == ([], [], [])
    assert store.account("alice") == alice


async def test_a_lone_surrogate_names_nothing(store: Store, alice: Account) -> None:
    assert store.account("\ud800") is None
    assert store.val("alice", "\ud800") is None
    assert store.secret("alice", "\ud800") is None
    assert store.authenticate("\ud800") is None


async def test_a_token_opens_its_account_until_it_is_revoked(store: Store, alice: Account) -> None:
    token, text = await store.add_token(alice.id, "laptop", {Scope.RUN})
    found = store.authenticate(text)
    assert found is not None
    assert found == (alice, token)
    assert found[1].scopes == {Scope.RUN}
    assert await store.revoke_token(alice.id, token.id)
    assert store.authenticate(text) is None
    assert not await store.revoke_token(alice.id, token.id)


async def test_another_account_cannot_revoke_a_token(store: Store, alice: Account) -> None:
    bob = await store.add_account("bob")
    token, text = await store.add_token(alice.id)
    assert not await store.revoke_token(bob.id, token.id)
    assert store.authenticate(text) is not None


async def test_a_token_ends_when_it_expires(store: Store, alice: Account) -> None:
    _, past = await store.add_token(alice.id, expires_at=now_ms() - 1)
    _, future = await store.add_token(alice.id, expires_at=now_ms() + 60_000)
    assert store.authenticate(past) is None
    assert store.authenticate(future) is not None


async def test_a_token_needs_a_scope_and_an_owner(store: Store, alice: Account) -> None:
    with pytest.raises(BadInput):
        await store.add_token(alice.id, scopes=())
    with pytest.raises(NotFound):
        await store.add_token("nobody")


async def test_the_use_of_a_token_is_noted(store: Store, alice: Account) -> None:
    _, text = await store.add_token(alice.id, scopes=ALL_SCOPES)
    store.authenticate(text)
    await store.flush()
    (token,) = store.tokens(alice.id)
    assert token.last_used_at is not None


async def test_the_database_has_a_tokens_hash_and_not_the_token(store: Store, alice: Account, database: Path) -> None:
    _, text = await store.add_token(alice.id)
    kept = b"".join(path.read_bytes() for path in database.parent.iterdir() if path.is_file())
    assert text.encode() not in kept
    assert text.removeprefix("vg_").encode() not in kept
    with sqlite3.connect(database) as reader:
        (digest,) = reader.execute("SELECT hash FROM tokens").fetchone()
    reader.close()
    assert len(digest) == 32
    assert digest in kept


def test_an_id_is_a_random_uuid() -> None:
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(str(uuid.UUID(one)) == one and uuid.UUID(one).version == 4 for one in made)


def test_a_timed_id_is_a_uuid_that_begins_with_its_time_and_ends_with_chance() -> None:
    times = [*range(500), now_ms(), 2**48 - 1]
    made = [uuid.UUID(new_timed_id(now)) for now in times]
    assert [one.int >> 80 for one in made] == times
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}
    assert len({one.int & (1 << 62) - 1 for one in made}) == len(made)
    assert len({one.int >> 64 & 0xFFF for one in made}) > 300  # of 4096


FORKS = """
import os
from host_api.store.ids import AHEAD, new_timed_id
new_timed_id(0)
if os.fork():
    os.wait()
print(*[new_timed_id(0) for _ in range(AHEAD)], sep="\\n", flush=True)
"""


def test_a_process_that_forks_does_not_give_the_ids_of_its_parent() -> None:
    told = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True).stdout.split()
    assert len(set(told)) == len(told) == 2 * AHEAD
