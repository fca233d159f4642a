"""What a source names is kept with it; data names nobody, and writing it touches no row of that."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from host_api.store import Kind, Privacy, connect, writing
from host_api.store.references import MOST_NAMED
from host_api.store.writing import Draft

if TYPE_CHECKING:
    from host_api.store import Store

LIB = frozenset({("alice", "lib")})


async def test_writing_data_says_nothing_to_the_table_of_references(store: Store) -> None:
    await store.add_account("alice")
    await store.write_val("alice", "x", code="@alice.lib", kind=Kind.CODE, named=LIB)
    with closing(connect.connect(store.path)) as database:
        said: list[str] = []
        database.set_trace_callback(said.append)
        writing.write(database, Draft(owner="alice", name="x", code="1", kind=Kind.DATA), store.quota)
    assert said
    assert not [statement for statement in said if " named " in statement]


async def test_a_val_that_is_data_by_now_names_nobody(store: Store) -> None:
    await store.add_account("alice")
    lib = await store.write_val("alice", "lib", code="1", kind=Kind.CODE, named=frozenset(), privacy=Privacy.PUBLIC)
    user = await store.write_val("alice", "user", code="2", kind=Kind.CODE, named=LIB, privacy=Privacy.PUBLIC)
    assert (store.reference_count(lib), [val.id for val in await store.naming(lib)]) == (1, [user.id])
    user = await store.write_val("alice", "user", code="3", kind=Kind.DATA, author="@alice.user@0")
    assert (store.reference_count(lib), await store.naming(lib), await store.named_by(user)) == (0, [], [])
    assert store.unindexed()[1] == []


async def test_a_val_keeps_only_so_many_names(store: Store) -> None:
    await store.add_account("alice")
    named = frozenset(("alice", f"n{number}") for number in range(MOST_NAMED + 1))
    await store.write_val("alice", "x", code="1", kind=Kind.CODE, named=named)
    with closing(connect.connect(store.path)) as database:
        assert database.execute("SELECT count(*) FROM named").fetchone() == (MOST_NAMED,)


async def test_what_is_looked_at_late_does_not_replace_what_is_newer(store: Store) -> None:
    await store.add_account("alice")
    lib = await store.write_val("alice", "lib", code="1", kind=Kind.CODE, named=frozenset(), privacy=Privacy.PUBLIC)
    old = await store.write_val("alice", "x", code="1", kind=Kind.CODE, privacy=Privacy.PUBLIC)
    assert [(one.val_id, one.version, one.owner) for one in store.unindexed()[1]] == [(old.id, 0, "alice")]
    await store.write_val("alice", "x", code="2", kind=Kind.CODE, named=frozenset())
    await store.index(old.id, 0, LIB)
    assert store.reference_count(lib) == 0
