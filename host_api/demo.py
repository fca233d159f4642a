"""The first garden: alice, bob and a handful of vals that show the table, for a server on an empty database.

It goes through the house like anybody else: what it plants, anyone could have saved.
"""

from __future__ import annotations

from dataclasses import dataclass

from host_api.house import House
from host_api.store.model import ALL_SCOPES, Privacy


@dataclass(frozen=True, slots=True)
class Seed:
    """A val to plant."""

    owner: str
    privacy: Privacy
    code: str


SECRET = ("bob", "apiKey", "bobs-key-to-the-weather")

SEEDS = (
    # A library: anybody calls it by name, in their own evaluation, with no right of bob's and none of their own.
    Seed(
        "bob",
        Privacy.PUBLIC,
        "export function shout(text: string): string {\n  return `${text.toUpperCase()}!`;\n}\n",
    ),
    # Sponsored: as an API it runs as bob and has his key; called by name it is a stranger's code and has none.
    Seed(
        "bob",
        Privacy.PUBLIC,
        "export function sponsored(city = 'Lisbon') {\n"
        "  const key = @me.secrets.apiKey;\n"
        "  if (key === undefined) return undefined;\n"
        "  return `Sunny in ${city}, says the key of ${key.length} characters.`;\n"
        "}\n",
    ),
    Seed("alice", Privacy.PRIVATE, "export let visits = 0;\n"),
    # Public code that counts in private data: run as an API it is alice's own evaluation.
    Seed("alice", Privacy.PUBLIC, "export const count = () => ++@me.visits;\n"),
    # It answers the web itself, on a host of its own.
    Seed(
        "alice",
        Privacy.PUBLIC,
        'export const page = (req, res) => res.send(<h1>Hello, {req.query.name ?? "world"}</h1>);\n',
    ),
    Seed("alice", Privacy.PRIVATE, 'export const diary = ["Met bob. His functions may not read this."];\n'),
)


async def plant(house: House) -> str | None:
    """Plant the garden in an empty database; return alice's token, or None where there are accounts already."""
    if house.store.accounts():
        return None
    alice = await house.store.add_account("alice")
    await house.store.add_account("bob")
    await house.store.put_secret(*SECRET)
    for seed in SEEDS:
        await house.save(owner=seed.owner, code=seed.code, privacy=seed.privacy)
    _, token = await house.store.add_token(alice.id, "first steps", ALL_SCOPES)
    return token


def lines(token: str | None, house: House, address: str) -> list[str]:
    """Write three curl lines; tokens are not kept, so those of an old garden go without one."""
    if house.store.val("bob", "sponsored") is None or house.store.val("alice", "count") is None:
        return []
    code = '{"code": "`${@bob.shout(\\"hello\\")} Called by name, bob.sponsored gives: ${@bob.sponsored()}`"}'
    as_alice = f"-H 'Authorization: Bearer {token}' " if token else ""
    shown = [
        f"curl {address}/v1/run/bob.sponsored",
        f"curl -X POST {address}/v1/run/alice.count",
        f"curl {as_alice}{address}/v1/eval -d '{code}'",
    ]
    return shown if token else [*shown, "To be alice: valgate token new alice"]
