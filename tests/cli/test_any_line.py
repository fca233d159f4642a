"""Whatever is typed, the answer is a result or a sentence, never a traceback."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from host_api import cli

COMMANDS = [
    ("user", "add"), ("user", "list"), ("token", "new"), ("token", "list"), ("token", "revoke"),
    ("secret", "set"), ("secret", "list"), ("secret", "delete"), ("key", "rotate"), ("key", "check"),
    ("val", "list"), ("val", "show"), ("val", "versions"), ("val", "restore"), ("val", "delete"),
    ("runs",), ("mail",), ("backup",), ("settings",),
]  # fmt: skip
WORDS = st.one_of(
    st.sampled_from(
        [
            "alice",
            "@alice",
            "alice.n",
            "alice.n@0",
            "alice.n@99999999999",
            "--json",
            "--db",
            "x.db",
            "-",
            "--",
            "",
            "0",
            "-1",
            "--limit",
            "--days",
            "--scope",
            "run",
            "--name",
            "--email",
            "a@b.c",
            "99999999999999999999",
            "secret",
            ".",
            "/",
        ]
    ),
    st.text(max_size=6).filter(lambda word: "\0" not in word),
    st.sampled_from(["\udc80", "\u202e", "\x1b[2J", "'; --", "%s", "{}", "*", "x" * 300]),
)


@given(st.sampled_from(COMMANDS), st.lists(WORDS, max_size=4), st.binary(max_size=8))
@settings(max_examples=60)
def test_any_line_is_answered_in_words(command: tuple[str, ...], words: list[str], stdin: bytes) -> None:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    given = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, {"VALGATE_DB": str(Path(folder) / "valgate.db")}))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        stack.enter_context(mock.patch.object(sys, "stdin", given))
        stack.callback(os.chdir, here)
        os.chdir(folder)
        try:
            status = cli.main(["user", "add", "alice"]) or cli.main([*command, *words])
        except SystemExit as left:
            status = int(left.code or 0)
        err.flush()
        told = err.buffer.getvalue().decode()
    assert status in {0, 1, 2}
    assert "broke" not in told
    assert "Traceback" not in told
