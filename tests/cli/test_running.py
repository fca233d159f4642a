from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Ended, Run, Start

HELLO = "export const hello = (name) => `Hello, ${name}`"


def failure(ended: Ended) -> dict[str, Any]:
    """Return the one JSON object that a failed evaluation tells."""
    assert (ended.status, ended.out) == (1, "")
    told: dict[str, Any] = json.loads(ended.err)
    assert told["type"] == "error"
    return told


@pytest.fixture(autouse=True)
def alice(valgate: Run) -> None:
    valgate("user", "add", "alice", "--email", "alice@example.org").insist()
    valgate("user", "add", "bob").insist()


def test_the_example_of_the_help_works(process: Run) -> None:
    assert process("val", "put", "alice", "-", "--privacy", "public", stdin=HELLO).insist() == "alice.hello@0\n"
    assert process("run", "alice.hello", "--args", '["world"]').insist() == '"Hello, world"\n'
    assert process("eval", '@alice.hello("you")', "--as", "bob", "--policy", "library").insist() == '"Hello, you"\n'


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1 + 1", "2"),
        ("undefined", "null"),
        ("({a: [1, null, 'ü']})", '{"a":[1,null,"ü"]}'),
        ("'\\ud800'", '"\\ud800"'),
        ("const x: number = 5; x", "5"),
        ("await Promise.resolve([1])", "[1]"),
    ],
)
def test_the_value_is_bare_json(valgate: Run, code: str, shown: str) -> None:
    assert valgate("eval", code).insist() == shown + "\n"
    assert valgate("eval", "-", stdin=code).insist() == shown + "\n"


def test_arguments_go_to_the_function(valgate: Run) -> None:
    assert valgate("eval", "(a, b) => a + b", "--args", "[1, 2]").insist() == "3\n"


@pytest.mark.parametrize(
    ("args", "told"), [("{}", "array"), ("1", "array"), ("[", "array"), ("[NaN]", "NaN"), ("[" * 100_000, "array")]
)
def test_arguments_that_are_no_array_are_refused_before_anything_runs(valgate: Run, args: str, told: str) -> None:
    error = failure(valgate("eval", "1", "--args", args))
    assert told in error["error"]
    assert error["status"] == 400
    assert valgate("runs", "anonymous").insist() == ""


def test_what_a_val_throws_is_one_json_object(valgate: Run) -> None:
    error = failure(valgate("eval", "\nnull.x"))
    assert error["name"] == "TypeError"
    assert error["status"] == 502
    assert error["evaluation"]
    assert error["message"] in error["error"]


def test_code_that_does_not_parse_is_told_with_line_and_column(valgate: Run) -> None:
    error = failure(valgate("eval", "let a = 1;\nlet = 2"))
    assert error["line"] == 2
    assert error["column"] >= 1


def test_unknown_and_private_are_one_answer(valgate: Run) -> None:
    valgate("val", "put", "alice", "-", stdin="export const f = () => 1").insist()
    private, unknown = failure(valgate("run", "alice.f")), failure(valgate("run", "alice.g"))
    assert private["status"] == unknown["status"] == 404
    assert private == unknown
    assert "--as NAME" in private["error"]
    assert failure(valgate("run", "alice.f", "--as", "bob")) == private
    assert valgate("run", "alice.f", "--as", "alice").insist() == "1\n"


def test_who_asks_must_exist(valgate: Run) -> None:
    assert "no user 'carol'" in failure(valgate("eval", "1", "--as", "carol"))["error"]


def test_the_policy_is_what_naming_anothers_val_means(valgate: Run) -> None:
    valgate("secret", "set", "alice", "k", stdin="alices").insist()
    valgate("secret", "set", "bob", "k", stdin="bobs").insist()
    valgate("val", "put", "bob", "-", "--privacy", "public", stdin="export const f = () => @me.secrets.k").insist()
    seen = {
        policy: valgate("eval", "@bob.f()", "--as", "alice", "--policy", policy).insist().strip()
        for policy in ("api", "library", "restricted", "strict")
    }
    assert seen == {"api": '"bobs"', "library": '"alices"', "restricted": "null", "strict": "null"}
    assert valgate("eval", "@bob.f()", "--as", "alice").insist() == "null\n"
    assert valgate("run", "bob.f").insist() == '"bobs"\n'


def test_a_val_is_written_from_a_file_and_its_next_version_too(valgate: Run, tmp_path: Path) -> None:
    source = tmp_path / "x.ts"
    source.write_text("export const n: number = 41;\n")
    assert valgate("val", "put", "alice", str(source), "--name", "answer").insist() == "alice.answer@0\n"
    source.write_text("export const n: number = 42;\n")
    assert valgate("val", "put", "alice", str(source), "--name", "answer").insist() == "alice.answer@1\n"
    assert valgate("eval", "[@me.answer, @me.answer@0]", "--as", "alice").insist() == "[42,41]\n"


def test_a_val_whose_run_throws_is_kept_and_told(valgate: Run) -> None:
    put = valgate("val", "put", "alice", "-", "--name", "bad", stdin="throw new RangeError('no')")
    assert put.insist() == "alice.bad@0\n"
    assert "RangeError: no" in put.err


def test_a_val_that_does_not_parse_is_not_kept(valgate: Run) -> None:
    put = valgate("val", "put", "alice", "-", "--name", "bad", stdin="let = ")
    assert (put.status, put.out) == (1, "")
    assert "line 1" in put.err
    assert valgate("val", "show", "alice.bad").status == 1


def test_what_was_run_is_in_the_records(valgate: Run) -> None:
    valgate("eval", "console.log('hi'); 7", "--as", "alice").insist()
    failure(valgate("eval", "throw new Error('no')", "--as", "alice"))
    newest, oldest = json.loads(valgate("runs", "alice", "--json").insist())
    assert (newest["state"], oldest["state"]) == ("failed", "done")
    assert oldest["value"] == 7
    assert oldest["source"] == "cli"
    assert "hi" in json.dumps(oldest["logs"])
    assert oldest["logs"][0]["at"].endswith("Z")
    assert "no" in valgate("runs", "alice").insist()


def test_the_operator_sees_who_called_for_an_evaluation(valgate: Run) -> None:
    valgate("val", "put", "bob", "-", "--privacy", "public", stdin="export const f = () => 1").insist()
    assert valgate("eval", "api(@bob.f)", "--as", "alice").insist() == "1\n"
    (mine,) = json.loads(valgate("runs", "alice", "--json").insist())
    called, saved = json.loads(valgate("runs", "bob", "--json").insist())
    assert (called["parent"], saved["parent"], mine["parent"]) == (mine["id"], None, None)


def test_mail_reaches_the_outbox(valgate: Run) -> None:
    valgate("eval", "console.email('hello', 'subject')", "--as", "alice").insist()
    (mail,) = json.loads(valgate("mail", "alice", "--json").insist())
    assert (mail["address"], mail["subject"], mail["text"]) == ("alice@example.org", "subject", "hello")


def test_a_limit_is_a_setting(valgate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALGATE_CPU", "0.1")
    error = failure(valgate("eval", "while (true) {}"))
    assert error["status"] == 422
    assert valgate("eval", "1").insist() == "1\n"


def test_ctrl_c_ends_an_evaluation_cleanly(valgate: Run, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALGATE_CPU", "60")
    running = start("eval", "while (true) {}", "--as", "alice")
    with running:
        while not json.loads(valgate("runs", "alice", "--json").insist()):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert out == ""
    assert "Traceback" not in err


def test_a_failure_of_the_host_says_how_its_cause_is_seen(valgate: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    valgate("secret", "set", "alice", "k", stdin="v").insist()
    monkeypatch.setenv("VALGATE_KEY", "00" * 32)
    error = failure(valgate("eval", "@me.secrets.k", "--as", "alice"))
    assert "VALGATE_DEBUG=1" in error["hint"]
    assert "is not the key" not in json.dumps(error)
    monkeypatch.setenv("VALGATE_DEBUG", "1")
    assert "is not the key" in valgate("eval", "@me.secrets.k", "--as", "alice").err
