"""Where a page of alice's can be asked for: every way on the control origin, and her val's own host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from yarl import URL

from host_api.store.model import Privacy
from tests.browser.chromium import CONTROL
from tests.http.conftest import World

PAGE = """export const page = (asked) => {
  const told = asked instanceof Request ? Object.fromEntries(new URL(asked.url).searchParams) : asked;
  const body = told.bare ? new TextEncoder().encode(told.body) : told.body;
  return new Response(body, { status: Number(told.status), headers: JSON.parse(told.headers) });
}"""
CLASSIC = """export const classic = (req, res) => {
  const { body, status, headers } = req.query;
  for (const [name, value] of JSON.parse(headers)) res.append(name, value);
  res.status(Number(status)).end(body);
}"""


@dataclass(frozen=True)
class Page:
    """An answer of a val's. WHERE in it is the name of the place that it is asked for at, EAR is where it tells."""

    body: str
    type: str | None = "text/html"
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200

    def told(self, where: str, ear: str) -> dict[str, str]:
        """What the vals above take."""
        fields = [("Content-Type", self.type)] if self.type else []
        told = {"body": self.body, "status": str(self.status), "headers": json.dumps([*fields, *self.headers])}
        if self.type is None:
            told["bare"] = "yes"
        return {name: text.replace("EAR", f"{ear}/{where}").replace("WHERE", where) for name, text in told.items()}


async def furnish(world: World) -> None:
    """Give alice the vals that answer with a page that they are told."""
    await world.val("alice", PAGE, Privacy.PUBLIC)
    await world.val("alice", CLASSIC, Privacy.PUBLIC)


def home(world: World, label: str) -> str:
    """The address of a val's own host."""
    return f"http://{label}.localhost:{URL(world.address).port}"


def control(world: World) -> str:
    """The control origin by a name that is not loopback's, so that path forms answer in place."""
    return f"http://{CONTROL}:{URL(world.address).port}"


def at_home(world: World, page: Page, ear: str) -> str:
    return f"{home(world, 'alice-page')}/?{urlencode(page.told('home', ear))}"


def places(world: World, page: Page, ear: str) -> dict[str, str]:
    """The page's address at each place of the control origin."""

    def expression(where: str) -> str:
        return quote(f"@alice.page({json.dumps(page.told(where, ear))})", safe="")

    def query(where: str) -> str:
        return urlencode(page.told(where, ear))

    trusted, plain = world.address, control(world)
    return {
        "run": f"{trusted}/v1/run/alice.page?args={quote(json.dumps([page.told('run', ear)]))}",
        "eval": f"{trusted}/v1/eval/{expression('eval')}",
        "old-eval": f"{trusted}/eval/{expression('old-eval')}",
        "old-express": f"{trusted}/express/alice.classic?{query('old-express')}",
        "express": f"{plain}/v1/express/alice.classic?{query('express')}",
        "web": f"{plain}/v1/web/alice.page?{query('web')}",
    }
