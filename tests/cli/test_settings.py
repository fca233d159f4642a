from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.knob import bytes_text
from host_api.knobs import KNOBS
from host_api.settings import Settings
from kernel.errors import BadSetting
from kernel.limits import Limits
from kernel.policy import Policy

KIB, MIB = 1024, 1024 * 1024


def load(**given: str) -> Settings:
    return Settings.load({f"VALGATE_{name}": text for name, text in given.items()})


def test_every_field_is_a_setting_and_every_setting_a_field() -> None:
    assert {knob.attribute for knob in KNOBS if knob.limit} == {field.name for field in fields(Limits)}
    assert {knob.attribute for knob in KNOBS if not knob.limit} == {field.name for field in fields(Settings)} - {
        "limits"
    }
    assert len({knob.name for knob in KNOBS}) == len(KNOBS)


def test_nothing_set_is_the_contract() -> None:
    assert load() == Settings()
    assert load(CPU="", DB="") == Settings()


def test_every_default_can_be_written_as_it_is_shown() -> None:
    shown = {name.removeprefix("VALGATE_"): value for name, value, _, _ in Settings().describe()}
    written = load(**{name: value for name, value in shown.items() if name not in {"DB", "KEY_FILE"}})
    assert written == Settings()


@pytest.mark.parametrize(
    ("text", "size"),
    [("67108864", 64 * MIB), ("64MiB", 64 * MIB), ("64 mib", 64 * MIB), ("50 MB", 50_000_000), ("4GiB", 2**32)],
)
def test_sizes_are_written_with_units_or_without(text: str, size: int) -> None:
    assert load(MEMORY=text).limits.memory == size


@given(st.integers(min_value=0, max_value=2**40))
def test_a_size_reads_as_it_was_written(size: int) -> None:
    assert load(STORAGE=bytes_text(max(size, 1))).storage == max(size, 1)


def test_what_is_set_arrives(tmp_path: Path) -> None:
    given = load(
        CPU="0.25 s", POLICY="STRICT", ANONYMOUS_EVAL="Off", FETCH_ALLOW="localhost:80, 10.0.0.5", VALS_DOMAIN="Vals.example.org",
        KEY_FILE=str(tmp_path / "key"), DB="a.db", PORT="0",
    )  # fmt: skip
    assert given.limits.cpu == 0.25
    assert given.policy is Policy.STRICT
    assert not given.anonymous_eval
    assert given.fetch_allow == ("localhost:80", "10.0.0.5")
    assert given.vals_domain == "vals.example.org"
    assert given.key_file == tmp_path / "key"
    assert given.database == Path.cwd() / "a.db"
    assert given.port == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CPU", "0"), ("CPU", "-1"), ("CPU", "fast"), ("CPU", "nan"), ("CPU", "1e9"), ("WALL", "inf"),
        ("MEMORY", "1"), ("MEMORY", "31 MiB"), ("MEMORY", "8 GiB"), ("MEMORY", "64 parsecs"), ("MEMORY", "6.4e7"), ("MEMORY", "-5"),
        ("GUESTS", "0"), ("GUESTS", "1.5"), ("GUESTS", "٣"), ("PORT", "65536"), ("PORT", "http"),
        ("POLICY", "api"), ("POLICY", "library"), ("POLICY", "none"), ("ANONYMOUS_EVAL", "yes"),
        ("VALS_DOMAIN", "a b"), ("VALS_DOMAIN", "-x.org"), ("FETCH_ALLOW", "a b"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_the_variables_name_and_what_it_takes(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=f"VALGATE_{name} takes "):
        load(**{name: text})


def test_the_key_is_never_shown() -> None:
    given = load(KEY="ab" * 32)
    assert "abab" not in repr(given)
    assert not any("abab" in value for one in given.describe() for value in one)


def test_an_unknown_name_is_told_with_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    Settings.load({"VALGATE_MEMROY": "1", "VALGATE_QQQQQQ": "1", "VALGATE_DEBUG": "1", "PATH": "/"}, told.append)
    assert len(told) == 2
    assert "VALGATE_MEMORY" in told[0]
    assert "did you mean" not in told[1]
    load(MEMROY="1")
    assert "VALGATE_MEMROY" in capsys.readouterr().err
