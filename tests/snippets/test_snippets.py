"""Vals as people wrote them, against a web server on loopback: all of them, in one test."""

from __future__ import annotations

from pathlib import Path

from tests.semantics.live import Machine, open_world, value
from tests.snippets.snippets import SNIPPETS
from tests.snippets.town import KEY, open_town

PEOPLE = ("alice", "stevekrouse", "patrickjm")


async def test_what_people_wrote_in_2023_runs(engine_room: Machine, tmp_path: Path) -> None:
    assert len(SNIPPETS) >= 20
    wrong: list[str] = []
    async with open_town() as town, open_world(engine_room, tmp_path, fetch_allow=("127.0.0.1",)) as world:
        for person in PEOPLE:
            await world.house.store.add_account(person, f"{person}@example.com")
        await world.house.store.put_secret("alice", "openai", KEY)
        for snippet in SNIPPETS:
            for full, code in snippet.vals:
                owner, name = full.split(".")
                val = await world.save(owner, code.replace("//town", f"//{town.address}"), name=name)
                if val.error is not None:
                    wrong.append(f"{snippet.name}: {full} was saved with {val.error}")
            for code, expected in snippet.steps:
                outcome = await world.outcome(code.replace("//town", f"//{town.address}"), by="alice")
                came = outcome.error if outcome.error is not None else value(outcome)
                if came != expected:
                    wrong.append(f"{snippet.name}: {code.strip()[:80]}\n  came to {came}\n  and not {expected}")
        mails = world.house.store.mail("alice")
    assert not wrong, "\n".join(wrong)
    assert {mail.subject for mail in mails} == {"Top 2 for May 4, 2023", "Website down"}
    assert ("POST", "/hook", {"text": "Hi @channel 👋", "blocks": []}) in town.seen
    assert ("POST", "/upload", {"title": "numbers", "file": 'name,n\n"ä,b",1\n"say ""x""",2'}) in town.seen
