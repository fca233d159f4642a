"""`/v1/vals`: saving a val, showing one, changing and deleting one's own.

Saving runs the top level once, as its owner: that is the house's. Another's val is never changed, whatever its privacy,
and whether it is there is told by its privacy alone.
"""

from __future__ import annotations

from http import HTTPMethod

from aiohttp import web

from host_api.http import answers, incoming, json_text, shapes
from host_api.http.declared import Body, Field, Reply
from host_api.http.json_text import Document
from host_api.http.kinds import Described, OneOf, Text
from host_api.http.route import DONE, Access, Call, Route, Writes
from host_api.http.schemas import ANY, ID, ref
from host_api.intervals import Cron, Every, Schedule, parse, set_schedule
from host_api.store import KEEP, Keep
from host_api.store.clock import now_ms
from host_api.store.intervals import ONLY_CODE
from host_api.store.model import Kind, Privacy, Scope, Val
from kernel.errors import BadInput, NotFound

RAW_TYPES = frozenset({"text/plain", "text/javascript", "application/javascript", "text/typescript"})
"""Content types whose whole body is the code. Clients that send JSON often declare none."""

EXAMPLE = "export const hello = (name) => `Hello, ${name}`"
CODE = Field("code", Text(), "JavaScript or TypeScript; it is run once, as its owner.", required=True)
NEW_CODE = Field("code", Text(), "A new version.")
NAME = Field("name", Text(), "Letters, digits and _, 48 at most; without one the code's own.")
PRIVACY = Field("privacy", OneOf(Privacy), "Who may read it.")
README = Field("readme", Text(), "Markdown, for people.")
SCHEDULE = Field("schedule", Described(ref("Schedule")), "When it runs by itself, in UTC; null is never.")
BY_ID = {"id": ID}
FULL_VAL = Reply("The val.", ref("FullVal"))


async def create(call: Call) -> web.Response:
    """Save a val; if one's own has its name already, that gets a new version."""
    owner = call.requester.insist_account()
    document, code = await sent(call)
    val = await call.house.save(
        owner=owner.name,
        code=incoming.insist_code(code, call.house.settings.code),
        name=NAME.given(document),
        privacy=PRIVACY.given(document),
        readme=README.given(document),
    )
    return shown(call, val)


async def show(call: Call) -> web.Response:
    """Show a val that the requester may see."""
    return shown(call, visible(call))


async def change(call: Call) -> web.Response:
    """Change any of name, code, privacy, readme, schedule of one's own val; new code is a new version."""
    val = own(call)
    document = await incoming.read_object(call.request, call.house.settings.body)
    # Read before anything is changed, so that a bad one changes nothing.
    schedule = _schedule_of(call, document)
    if isinstance(schedule, Every | Cron) and val.kind is Kind.DATA and "code" not in document.members:
        raise BadInput(ONLY_CODE)
    val = await _changed(call, val, document)
    if not isinstance(schedule, Keep):
        await set_schedule(call.house.store, val.id, schedule)
    return shown(call, val)


async def remove(call: Call) -> web.Response:
    """Delete one's own val with all its versions."""
    if not await call.house.store.delete_val_by_id(own(call).id):
        raise NotFound(answers.NOT_FOUND)
    return answers.no_content()


def shown(call: Call, val: Val, status: int = 200) -> web.Response:
    """Answer with a FullVal."""
    return answers.answer(shapes.full_val(val, call.requester, call.house.store), status)


def visible(call: Call) -> Val:
    """Return the val of the path's id; raise NotFound if there is none or it is somebody's private one."""
    val = call.house.store.val_by_id(call.path("id"))
    if val is None or not call.requester.sees(val):
        raise NotFound(answers.NOT_FOUND)
    return val


def own(call: Call) -> Val:
    """Return the val of the path's id if it is the requester's; raise NotFound for anything else."""
    val = call.house.store.val_by_id(call.path("id"))
    if val is None or not call.requester.owns(val.owner_id):
        raise NotFound(answers.NOT_FOUND)
    return val


def _schedule_of(call: Call, document: Document) -> Schedule | Keep | None:
    """Read the schedule: an explicit null takes it away."""
    part = document.members.get(SCHEDULE.name)
    if part is None:
        return KEEP
    if part.value is None:
        return None
    return parse(part.value, call.house.settings.shortest_interval, now_ms())


async def _changed(call: Call, val: Val, document: Document) -> Val:
    """Change what is given; an explicit null takes the readme away."""
    given = document.members.keys()
    name, privacy, readme = NAME.given(document), PRIVACY.given(document), README.given(document)
    code = NEW_CODE.given(document)
    if code is None:
        kept = readme if "readme" in given else KEEP
        return await call.house.store.update_val(val.id, name=name, privacy=privacy, readme=kept)
    code = incoming.insist_code(code, call.house.settings.code)
    # All in one step: code that is meant to be private is not public for a moment.
    saved = await call.house.save(owner=val.owner, code=code, name=name, privacy=privacy, readme=readme, val_id=val.id)
    if "readme" in given and readme is None:
        return await call.house.store.update_val(val.id, readme=None)
    return saved


async def sent(call: Call) -> tuple[Document, str]:
    """Read what to save: a JSON object with the code in it, or the code as it is (and an empty object)."""
    body = await incoming.read_body(call.request, call.house.settings.body)
    declared = call.request.content_type if "Content-Type" in call.request.headers else ""
    if declared in RAW_TYPES and not (declared == "text/plain" and _holds_code(body)):
        return json_text.parse(b"{}"), _raw_code(body)
    document = incoming.as_object(body)
    return document, CODE.insist(document)


def _holds_code(body: bytes) -> bool:
    """Whether this is a JSON object with code: browsers call the JSON that fetch() sends text/plain."""
    try:
        part = json_text.parse(body).members.get("code")
    except BadInput:
        return False
    return part is not None and isinstance(part.value, str)


def _raw_code(body: bytes) -> str:
    try:
        return body.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BadInput(f"The code is not valid UTF-8 (at byte {error.start}).") from None


_PATH = "/v1/vals/{id}"

ROUTES = (
    Route(
        HTTPMethod.POST,
        "/v1/vals",
        create,
        Access.ACCOUNT,
        Scope.VAL_WRITE,
        Writes.VAL,
        body=Body.of(
            CODE, NAME, PRIVACY, README, also=dict.fromkeys(sorted(RAW_TYPES), ANY), example={"code": EXAMPLE}
        ),
        answers={200: FULL_VAL},
    ),
    Route(
        HTTPMethod.GET,
        _PATH,
        show,
        Access.ANYONE,
        Scope.VAL_READ,
        parts=BY_ID,
        answers={200: FULL_VAL},
    ),
    Route(
        HTTPMethod.PUT,
        _PATH,
        change,
        Access.ACCOUNT,
        Scope.VAL_WRITE,
        Writes.VAL,
        parts=BY_ID,
        body=Body.of(NEW_CODE, NAME, PRIVACY, README, SCHEDULE, example={"privacy": "unlisted"}),
        answers={200: FULL_VAL},
    ),
    Route(HTTPMethod.DELETE, _PATH, remove, Access.ACCOUNT, Scope.VAL_WRITE, Writes.VAL, parts=BY_ID, answers=DONE),
)
