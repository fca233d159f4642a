from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from host_api.store import EvaluationRow, Kind, Privacy, State, Store

if TYPE_CHECKING:
    from tests.cli.conftest import Run

TOKEN = r"vg_[A-Za-z0-9_-]{43}\n"


async def write_vals(database: Path) -> None:
    async with Store.open(database) as store:
        for number in range(3):
            text = str(number).encode()
            await store.write_val(
                "alice",
                "n",
                code=f"{number}",
                kind=Kind.DATA,
                payload=text,
                json=text,
                type="number",
                privacy=Privacy.PUBLIC,
            )


async def write_records(database: Path, *names: str, caller: str | None = "alice") -> None:
    async with Store.open(database) as store:
        for name in names:
            row = EvaluationRow(
                id=name,
                caller=caller,
                requester=caller,
                source="cli",
                policy="restricted",
                started=1_700_000_000_000,
                ended=1_700_000_000_001,
                code="1\x1b[2J",
                args=b'["\\ud800"]',
                value=b"1.0",
                error=b'{"name":"Error","message":"no \\u001b[2J"}' if name.startswith("bad") else None,
                state=State.FAILED if name.startswith("bad") else State.DONE,
            )
            await store.finish_evaluation(row)


def test_adding_a_user_prints_a_token_alone_that_works(valgate: Run, database: Path) -> None:
    added = valgate("user", "add", "alice", "--email", "alice@example.org")
    assert re.fullmatch(TOKEN, added.insist())
    assert "once" in added.err
    with Store.open(database) as store:
        found = store.authenticate(added.out.strip())
    assert found is not None
    assert (found[0].name, found[0].email) == ("alice", "alice@example.org")
    assert "alice@example.org" in valgate("user", "list").insist()
    assert json.loads(valgate("user", "list", "--json").insist())[0]["name"] == "alice"


def test_a_second_user_of_the_name_is_refused_and_told_about_tokens(valgate: Run) -> None:
    valgate("user", "add", "alice")
    again = valgate("user", "add", "ALICE")
    assert (again.status, again.out) == (1, "")
    assert "valgate token new ALICE" in again.err


def test_an_accounts_mail_may_go_elsewhere_or_nowhere(valgate: Run, database: Path) -> None:
    valgate("user", "add", "alice", "--email", "alice@example.org")
    assert "new@example.org" in valgate("user", "email", "@Alice", "new@example.org").err
    assert "new@example.org" in valgate("user", "list").insist()
    assert valgate("user", "email", "alice", "a@b\r\nBcc: c@d.ee").status == 1
    assert valgate("user", "email", "nobody", "a@b.cc").status == 1
    assert valgate("user", "email", "alice", "--none").status == 0
    with Store.open(database) as store:
        found = store.account("alice")
    assert found is not None
    assert found.email is None


def test_a_token_lives_from_new_to_revoke(valgate: Run, database: Path) -> None:
    valgate("user", "add", "alice")
    made = valgate("token", "new", "@Alice", "--name", "laptop", "--scope", "run", "--scope", "val:read", "--days", "9")
    assert re.fullmatch(TOKEN, made.insist())
    listed = json.loads(valgate("token", "list", "alice", "--json").insist())
    assert [one["name"] for one in listed] == ["first", "laptop"]
    assert listed[1]["scopes"] == ["run", "val:read"]
    assert made.out.strip() not in valgate("token", "list", "alice").insist()
    assert valgate("token", "revoke", "alice", listed[1]["id"][:8]).status == 0
    with Store.open(database) as store:
        assert store.authenticate(made.out.strip()) is None


def test_a_token_that_is_not_there_or_not_one_is_told(valgate: Run) -> None:
    valgate("user", "add", "alice")
    assert "token list alice" in valgate("token", "revoke", "alice", "zzz").err
    assert valgate("token", "revoke", "alice", "").status == 1


@pytest.mark.parametrize(
    ("stdin", "value"), [("hunter2\n", "hunter2"), ("a\n\n", "a\n"), (" a ", " a "), ("a\r\n", "a"), ("ü", "ü")]
)
def test_a_secret_comes_from_standard_input_without_its_last_line_end(
    valgate: Run, database: Path, stdin: str, value: str
) -> None:
    valgate("user", "add", "alice")
    done = valgate("secret", "set", "alice", "apiKey", stdin=stdin)
    assert done.insist() == ""
    assert "hunter2" not in done.err
    with Store.open(database) as store:
        assert store.secret("alice", "apiKey") == value


def test_secrets_are_listed_by_name_and_forgotten(valgate: Run) -> None:
    valgate("user", "add", "alice")
    for name in ("b", "a"):
        valgate("secret", "set", "alice", name, stdin="x").insist()
    assert valgate("secret", "list", "alice").insist() == "a\nb\n"
    assert valgate("secret", "delete", "alice", "A").insist() == ""
    assert valgate("secret", "list", "alice").insist() == "b\n"
    assert valgate("secret", "delete", "alice", "a").status == 1


def test_vals_are_listed_shown_restored_and_deleted(valgate: Run, database: Path) -> None:
    valgate("user", "add", "alice")
    asyncio.run(write_vals(database))
    (listed,) = json.loads(valgate("val", "list", "alice", "--json").insist())
    assert (listed["name"], listed["version"], listed["privacy"]) == ("n", 2, "public")
    assert re.search(r"n +public +2 +data +number", valgate("val", "list", "alice").insist())
    assert valgate("val", "show", "@Alice.N").insist() == "2\n"
    assert valgate("val", "show", "alice.n@1").insist() == "1\n"
    assert json.loads(valgate("val", "show", "alice.n", "--json").insist())["value"] == 2
    versions = json.loads(valgate("val", "versions", "alice.n", "--json").insist())
    assert [one["version"] for one in versions] == [2, 1, 0]
    assert valgate("val", "restore", "alice.n", "0").insist() == "alice.n@3\n"
    assert valgate("val", "delete", "alice.n").insist() == ""
    assert valgate("val", "show", "alice.n").status == 1


@pytest.mark.parametrize("command", [["delete"], ["versions"], ["restore", "0"], ["schedule", "--every", "1h"]])
def test_what_is_for_all_of_a_val_is_not_done_to_one_version(valgate: Run, command: list[str]) -> None:
    valgate("user", "add", "alice")
    valgate("val", "put", "alice", "-", "--name", "n", stdin="() => 1").insist()
    word, *more = command
    refused = valgate("val", word, "alice.n@0", *more)
    assert (refused.status, "write alice.n, without a version" in refused.err) == (1, True)
    assert valgate("val", "show", "alice.n@0").insist() == "() => 1\n"
    assert valgate("val", word, "alice.n", *more).status == 0


def test_records_are_newest_first_and_json_passes_as_it_was_written(valgate: Run, database: Path) -> None:
    valgate("user", "add", "alice")
    asyncio.run(write_records(database, "first", "bad"))
    shown = valgate("runs", "alice", "--json").insist()
    assert [one["id"] for one in json.loads(shown)] == ["bad", "first"]
    assert '"args": ["\\ud800"], "value": 1.0' in shown
    plain = valgate("runs", "alice").insist()
    assert "Error: no" in plain
    assert "\x1b" not in plain
    assert [one["id"] for one in json.loads(valgate("runs", "alice", "--json", "--limit", "1").insist())] == ["bad"]


def test_records_of_anonymous_callers_are_the_operators(valgate: Run, database: Path) -> None:
    asyncio.run(write_records(database, "nobodys", caller=None))
    assert [one["id"] for one in json.loads(valgate("runs", "anonymous", "--json").insist())] == ["nobodys"]


def test_the_outbox_is_shown_without_acting_on_the_terminal(valgate: Run, database: Path) -> None:
    async def send() -> None:
        async with Store.open(database) as store:
            account = store.account("alice")
            assert account is not None
            await store.add_mail(account.id, "hi\x1b]0;x\x07", text="one\ntwo", from_val="@bob.f", evaluation="e")

    valgate("user", "add", "alice", "--email", "a@b.c")
    assert valgate("mail", "alice", "--json").insist() == "[]\n"
    asyncio.run(send())
    (mail,) = json.loads(valgate("mail", "alice", "--json").insist())
    assert (mail["to"], mail["address"], mail["subject"]) == ("alice", "a@b.c", "hi\x1b]0;x\x07")
    plain = valgate("mail", "alice").insist()
    assert "one\ntwo" in plain
    assert "\x1b" not in plain


def test_a_backup_opens_with_the_same_key(valgate: Run, database: Path) -> None:
    valgate("user", "add", "alice")
    valgate("secret", "set", "alice", "k", stdin="v")
    copied = database.with_name("copy.db")
    assert "key" in valgate("backup", str(copied)).err
    copied.with_name("copy.db.key").write_bytes(database.with_name("valgate.db.key").read_bytes())
    copied.with_name("copy.db.key").chmod(0o600)
    with Store.open(copied) as store:
        assert store.secret("alice", "k") == "v"
    assert valgate("backup", str(copied)).status == 1


def test_the_settings_are_listed_with_their_values_but_never_the_key(
    valgate: Run, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALGATE_KEY", "ab" * 32)
    monkeypatch.setenv("VALGATE_CPU", "0.5")
    shown = valgate("settings").insist()
    assert re.search(r"VALGATE_CPU +0\.5 s +1 s", shown)
    assert "abab" not in shown
    told = {one["variable"]: one["value"] for one in json.loads(valgate("settings", "--json").insist())}
    assert told["VALGATE_DB"] == str(database)
    assert told["VALGATE_KEY"] == "(set)"


@pytest.mark.parametrize(
    "words",
    [
        ("--db", "{}", "secret", "list", "bob"),
        ("secret", "--db", "{}", "list", "bob"),
        ("secret", "list", "bob", "--db", "{}"),
    ],
)
def test_the_database_is_taken_from_any_place_of_the_line(valgate: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    valgate("user", "add", "bob", "--db", other).insist()
    valgate("secret", "set", "bob", "k", "--db", other, stdin="v").insist()
    assert valgate(*(word.format(other) for word in words)).insist() == "k\n"
    assert valgate("secret", "list", "bob").status == 1


def test_without_a_word_about_it_the_database_is_in_the_users_data_directory(
    valgate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VALGATE_DB")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    valgate("user", "add", "alice").insist()
    (made,) = tmp_path.rglob("valgate.db")
    assert made.parent.name == "valgate"
