"""`valgate key`: typed while a server runs, with the key beside the database and with one that the operator gave."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from host_api.store import Keys, Store
from tests.cli.test_serving import Serve, evaluate, serve

if TYPE_CHECKING:
    from tests.cli.conftest import Run

__all__ = ["serve"]

GIVEN = "0f" * 32


def put(address: str, token: str, value: str) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{address}/v1/me/secrets/other",
        json.dumps({"value": value}).encode(),
        {"Authorization": f"Bearer {token}"},
        method="PUT",
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return answer.status, None
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def test_rotating_says_how_many_and_that_the_old_key_is_needed_by_old_backups_alone(
    valgate: Run, database: Path
) -> None:
    valgate("user", "add", "alice")
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    old = database.with_name("valgate.db.key").read_text()
    done = valgate("key", "rotate")
    assert done.insist() == f"1 secret sealed anew, with the key in {database}.key.\n"
    assert "A backup from before needs it" in done.err
    new = database.with_name("valgate.db.key").read_text()
    assert new != old
    assert not {old.strip(), new.strip()} & set(re.findall(r"[0-9a-f]{64}", done.out + done.err))
    assert valgate("key", "check").insist() == f"The key in {database}.key opens the database: 1 secret.\n"


def test_checking_tells_one_key_from_another(valgate: Run, tmp_path: Path) -> None:
    valgate("user", "add", "alice")
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    (tmp_path / "other.key").write_text(GIVEN)
    ended = valgate("key", "check", "--file", str(tmp_path / "other.key"))
    assert (ended.status, ended.out) == (1, "")
    assert f"{tmp_path / 'other.key'} is not the key" in ended.err
    assert "is gone" in valgate("key", "check", "--file", str(tmp_path / "nothing.key")).err


def test_a_running_server_goes_on_when_the_key_beside_the_database_is_rotated(valgate: Run, serve: Serve) -> None:
    token = valgate("user", "add", "alice").insist().strip()
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    _, address = serve()
    for round_ in range(3):
        assert evaluate(address, token, "@me.secrets.k") == "v"
        valgate("key", "rotate").insist()
        assert put(address, token, f"put {round_}") == (204, None)
        assert evaluate(address, token, "[@me.secrets.k, @me.secrets.other]") == ["v", f"put {round_}"]


def test_a_given_key_is_rotated_to_a_file_and_a_running_server_says_what_to_do(
    valgate: Run, serve: Serve, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALGATE_KEY", GIVEN)
    token = valgate("user", "add", "alice").insist().strip()
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    server, address = serve()
    assert "--to FILE" in valgate("key", "rotate").err
    new = tmp_path / "new.key"
    done = valgate("key", "rotate", "--to", str(new))
    assert done.insist() == f"1 secret sealed anew, with the key in {new}.\n"
    assert f"unset VALGATE_KEY, set VALGATE_KEY_FILE={new} and start every server again" in done.err
    status, told = put(address, token, "v")
    assert (status, told["type"]) == (500, "error")
    assert str(tmp_path) not in json.dumps(told)
    assert "VALGATE_KEY" not in json.dumps(told)
    server.terminate()
    assert "After `valgate key rotate --to FILE` that is VALGATE_KEY_FILE=FILE" in server.communicate()[1]
    with Store.open(database, Keys(new, given=True)) as store:
        assert store.secret("alice", "k") == "v"
    assert "before" in valgate("key", "rotate", "--to", str(new)).insist()


def test_a_shared_key_file_may_be_replaced_and_that_is_said(
    valgate: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALGATE_KEY_FILE", str(tmp_path / "shared.key"))
    valgate("user", "add", "alice")
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    told = valgate("key", "rotate", "--to", str(tmp_path / "new.key")).err
    assert f"move {tmp_path / 'new.key'} to {tmp_path / 'shared.key'}" in told
    assert "is not the key" in valgate("key", "check").err
    (tmp_path / "new.key").replace(tmp_path / "shared.key")
    valgate("key", "check").insist()
