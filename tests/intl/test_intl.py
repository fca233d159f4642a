"""Intl and toLocale*: what Node says, what we say otherwise, and what it costs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from kernel.limits import Limits
from tests.semantics.live import Machine, World, open_world

CASES: list[tuple[str, Any]] = [
    (code, value) for code, value in json.loads((Path(__file__).parent / "node_cases.json").read_text())
]
"""Expressions, and what they are in Node 20.20.2 (ICU 78.2, en-US, UTC), as JSON."""

DIFFERENT = {
    # a time zone's name next to a date: the library cannot without an hour
    "new Intl.DateTimeFormat('en-US', {timeZone: 'Asia/Tokyo', timeZoneName: 'short'}).format(new Date(0))": "1/1/1970, 9 AM GMT+9",
    # data for en, en-GB, de, es, fr, ja and pt only: another locale is its language's, or en-US
    "new Intl.DateTimeFormat('en-CA', {dateStyle: 'short'}).format(new Date(0))": "1/1/70",
    "new Intl.NumberFormat('it').format(1234.5)": "1,234.5",
    "new Intl.NumberFormat('it').resolvedOptions().locale": "en-US",
    "new Intl.NumberFormat('pt-PT').resolvedOptions().locale": "pt",
    # Latin digits, and the Gregorian calendar only
    "(12).toLocaleString('en-u-nu-deva')": "12",
    "Intl.supportedValuesOf('calendar')": ["gregory", "iso8601"],
    # one order of letters for every locale: Swedish puts this after z
    "['z', '\u00e4', 'a'].sort(new Intl.Collator('sv').compare)": ["a", "\u00e4", "z"],
    # words without a dictionary: Node knows that these are two
    "[...new Intl.Segmenter('ja', {granularity: 'word'}).segment('\u6771\u4eac\u90fd')].length": 3,
}
"""Where we differ from Node, and what comes out; none of it is meant to stay so for its own sake."""


async def values(world: World, codes: list[str]) -> list[Any]:
    got: list[Any] = []
    for start in range(0, len(codes), 60):
        lines = ",".join(
            f"(() => {{ try {{ return {code} }} catch (e) {{ return 'threw ' + e }} }})()"
            for code in codes[start : start + 60]
        )
        got += await world.eval(f"[{lines}]")
    return got


async def test_intl_says_what_node_says(world: World) -> None:
    got = await values(world, [code for code, _ in CASES])
    assert [(code, value, said) for (code, value), said in zip(CASES, got, strict=True) if said != value] == []
    assert len(CASES) > 200  # the data is there


async def test_where_we_differ_from_node_is_written_here(world: World) -> None:
    assert dict(zip(DIFFERENT, await values(world, list(DIFFERENT)), strict=True)) == DIFFERENT


async def test_what_is_not_built_says_so(world: World) -> None:
    error = await world.error("new Intl.DisplayNames('en', {type: 'region'})")
    assert (error.name, error.message) == ("TypeError", "Intl.DisplayNames is not built")


async def test_time_zones_from_all_of_the_database_format(world: World) -> None:
    code = """
        Intl.supportedValuesOf("timeZone").filter((_, i) => i % 16 === 0).filter((timeZone) => {
          const [month, day] = new Intl.DateTimeFormat("en-US", {timeZone, month: "numeric", day: "numeric"}).format(1e12).split("/");
          return month !== "9" || (day !== "8" && day !== "9");
        })"""
    assert await world.eval(code) == []
    assert await world.eval("Intl.supportedValuesOf('timeZone').length > 400")


async def test_summer_time_begins_and_ends_to_the_second(world: World) -> None:
    code = """
        [[1679187599, 1679187600], [1678604399, 1678604400], [1699163999, 1699164000], [-1e9, -1e9 + 1]].map((pair) =>
          pair.map((s) => new Date(s * 1000).toLocaleTimeString("en-US", {timeZone: "America/New_York"})))"""
    assert await world.eval(code) == [
        ["8:59:59 PM", "9:00:00 PM"],
        ["1:59:59 AM", "3:00:00 AM"],
        ["1:59:59 AM", "1:00:00 AM"],
        ["6:13:20 PM", "6:13:21 PM"],
    ]


async def test_quick_numbers_are_the_librarys_numbers(world: World) -> None:
    code = """
        [0, -0, 0.5, 1.5, 2.5, -2.5, 1.005, 8.345, 999.9995, 1e-6, 1e-7, 0.1 + 0.2, 123456.789, 2 ** 53, 1e20, 5e-324, 1e21, 1e300]
          .flatMap((n) => [{}, {maximumFractionDigits: 0}, {minimumFractionDigits: 2}, {style: "currency", currency: "USD"},
            {minimumIntegerDigits: 4, useGrouping: false}].map((options) => {
              const formatter = new Intl.NumberFormat("en-US", options);
              return [n, formatter.format(n), formatter.formatToParts(n).map((part) => part.value).join("")];
            }))
          .filter(([, quick, slow]) => quick !== slow)"""
    assert await world.eval(code) == []


async def test_a_formatter_works_in_another_owners_code(world: World) -> None:
    await world.save(
        "B", "export const use = (f, n) => [f.format(n), f instanceof Intl.NumberFormat, f.formatToParts(n).length]"
    )
    code = "@B.use(new Intl.NumberFormat('en-US', {style: 'currency', currency: 'USD'}), 1234.5)"
    assert await world.eval(code) == ["$1,234.50", True, 6]


async def test_another_owners_changes_to_intl_stay_with_that_owner(world: World) -> None:
    await world.save(
        "B",
        "export const spoil = () => { Intl.NumberFormat.prototype.formatToParts = () => []; Number.prototype.toLocaleString = () => 'x'; return 1 }",
    )
    assert await world.eval("[@B.spoil(), (1234.5).toLocaleString(), Intl.NumberFormat().formatToParts(1).length]") == [
        1,
        "1,234.5",
        1,
    ]


async def test_nothing_of_it_is_enumerable(world: World) -> None:
    code = "[Object.keys(globalThis).includes('Intl'), Object.keys(Intl), Object.keys(Intl.DateTimeFormat), Object.keys(Date.prototype)]"
    assert await world.eval(code) == [False, [], [], []]


async def test_first_uses_and_a_thousand_later_ones_fit_the_budget(engine_room: Machine, tmp_path: Path) -> None:
    async with open_world(engine_room, tmp_path, replace(Limits(), cpu=3.0)) as world:
        code = """
            (() => {
              let length = 0;
              for (let i = 0; i < 1000; i++) length += new Date(i * 1e9).toLocaleString("en-US", {timeZone: "Europe/Paris"}).length;
              for (let i = 0; i < 1000; i++) length += (i * 1.5).toLocaleString().length;
              for (const locale of ["de", "fr", "es", "pt", "ja", "en-GB"]) length += new Date(0).toLocaleString(locale).length;
              return length > 0;
            })()"""
        assert await world.eval(code) is True
