from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from host_api.store import connect

if TYPE_CHECKING:
    from tests.cli.conftest import Run

MISTAKES = [
    # what was typed, what stands in the sentence
    ("user add 1x", "not a name for a user"),
    ("user add me", "reserved"),
    ("user add alice --email nonsense", "not an e-mail address"),
    ("secret list nobody", "valgate user add"),
    ("secret list a'b", "not a name"),
    ("secret set alice k", "standard input"),
    ("secret set alice a-b", "not a name for a secret"),
    ("secret delete alice k", "valgate secret list alice"),
    ("token list nobody", "no user"),
    ("key rotate", "no key yet"),
    ("key rotate --to /no/such/new.key", "no key yet"),
    ("key check", "no key yet"),
    ("val show alice", "user.val"),
    ("val show alice.nothing", "valgate val list alice"),
    ("val show alice.n@x", "user.val"),
    ("val put alice /no/such/file.js", "/no/such/file.js cannot be read"),
    ("runs nobody", "no user"),
    ("mail nobody", "no user"),
    ("backup /no/where/x.db", "mkdir -p"),
    ("settings --db postgres://x/y", "postgres"),
    ("user list --db /proc/x.db", "cannot be written"),
    ("user list --db /", "does not name a database"),
    ("user list --db /tmp", "is a folder"),
]

MISUSES = [
    ("sevre", "did you mean serve?"),
    ("secret lst alice", "did you mean list?"),
    ("secret set alice", "KEY"),
    ("user add", "NAME"),
    ("user add alice bob", "bob"),
    ("token new alice --days none", "takes days from 1"),
    ("token new alice --days 0", "takes days from 1"),
    ("token new alice --scope all", "val:read"),
    ("serve --port 99999", "takes a port"),
    ("eval 1 --policy lax", "restricted"),
    ("val put alice - --privacy open", "unlisted"),
    ("val restore alice.n one", "VERSION"),
    ("runs alice --limt 3", "--limt"),
    ("runs alice --limit 0", "from 1"),
    ("runs alice --limit -3", "from 1"),
    ("run alice.f --arg []", "--arg"),
]


@pytest.fixture(autouse=True)
def alice(valgate: Run) -> None:
    valgate("user", "add", "alice").insist()


@pytest.mark.parametrize(("line", "told"), MISTAKES)
def test_a_mistake_is_one_sentence_that_says_what_to_do(valgate: Run, line: str, told: str) -> None:
    ended = valgate(*line.split())
    assert (ended.status, ended.out) == (1, "")
    assert told in ended.err
    assert ended.err.startswith("valgate: ")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(("line", "told"), MISUSES)
def test_a_misuse_is_one_line_that_says_where_the_help_is(valgate: Run, line: str, told: str) -> None:
    ended = valgate(*line.split())
    assert (ended.status, ended.out) == (2, "")
    assert told in ended.err
    assert "--help" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_input_that_is_no_text_is_told(valgate: Run, tmp_path: Path) -> None:
    assert "byte 2 of standard input" in valgate("secret", "set", "alice", "k", stdin=b"a\xff").err
    (tmp_path / "x.js").write_bytes(b"\xff")
    assert "must be UTF-8" in valgate("val", "put", "alice", str(tmp_path / "x.js")).err


def test_a_wrong_setting_names_the_variable(valgate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALGATE_MEMORY", "much")
    ended = valgate("user", "list")
    assert ended.status == 1
    assert "VALGATE_MEMORY takes a size" in ended.err


def test_an_unknown_setting_is_a_warning_with_the_nearest_name(valgate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALGATE_MEMROY", "1 MB")
    ended = valgate("user", "list")
    assert ended.status == 0
    assert "did you mean VALGATE_MEMORY?" in ended.err


def test_a_bug_of_ours_is_one_sentence_unless_a_maker_asks(valgate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("host_api.settings.Settings.open_store", broken)
    ended = valgate("user", "list")
    assert ended.status == 1
    assert "ZeroDivisionError" in ended.err
    assert "Traceback" not in ended.err
    monkeypatch.setenv("VALGATE_DEBUG", "1")
    assert "Traceback" in valgate("user", "list").err


def test_what_the_disk_refuses_is_told_with_what_to_do(valgate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # As a file without write permission ends; whoever runs the tests may be allowed everything.
    monkeypatch.setattr("host_api.store.connect._SETUP", (*connect._SETUP, "PRAGMA query_only = ON"))
    ended = valgate("secret", "set", "alice", "k", stdin="v")
    assert ended.status == 1
    assert "cannot be written: allow writing" in ended.err
    assert len(ended.err.splitlines()) == 1


def test_another_key_is_told_where_it_matters(valgate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    monkeypatch.setenv("VALGATE_KEY", "00" * 32)
    ended = valgate("secret", "set", "alice", "j", stdin="v")
    assert ended.status == 1
    assert "is not the key" in ended.err
    assert valgate("secret", "list", "alice").insist() == "k\n"
