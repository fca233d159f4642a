"""What the store keeps, as values. Everything about their shapes; nothing about SQL.

Times are integer milliseconds since 1970 UTC; sizes are bytes; names keep their spelling and are compared folded.
JSON is kept as the bytes a guest wrote: the host neither parses nor rewrites it.
Source: semantics.md §6, §8; http-api.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MUST_NOT_EXIST = -1
"""The `expected` version of a val that must not be there yet."""


class Privacy(StrEnum):
    """Who may read a val; unlisted counts as public in the table."""

    PRIVATE = "private"
    UNLISTED = "unlisted"
    PUBLIC = "public"


class Kind(StrEnum):
    """Whether readers run a val (code) or read its stored value (data)."""

    CODE = "code"
    DATA = "data"


class Scope(StrEnum):
    """What a token may be used for; `eval` is its owner's full authority."""

    EVAL = "eval"
    RUN = "run"
    VAL_READ = "val:read"
    VAL_WRITE = "val:write"
    SECRET_WRITE = "secret:write"  # noqa: S105 — a scope
    RUNS_READ = "runs:read"


ALL_SCOPES = frozenset(Scope)


class State(StrEnum):
    """How far an evaluation came; `interrupted` means its process died first."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Account:
    """A principal who owns things."""

    id: str
    name: str
    email: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it may be shown: never its text, which nobody has but its owner."""

    id: str
    account_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: int
    expires_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Val:
    """A val at one version: the newest, or the one that was asked for.

    `public_since` is the first version that others may read, and None for a private val.
    `payload` is the stored value in the guests' codec and `json` the same for HTTP; lists leave both out.
    `error` is what the saving run threw, as a JSON object; `author` is the val whose code wrote this version.
    `forked_id` and `forked_version` are what it was made of, which may be gone; `named_version` is the version whose
    references are known (references.py).
    """

    id: str
    owner: str
    owner_id: str
    name: str
    privacy: Privacy
    version: int
    kind: Kind
    code: str
    payload: bytes | None
    json: bytes | None
    type: str
    error: dict[str, object] | None
    readme: str | None
    public_since: int | None
    evaluation: str | None
    author: str | None
    created_at: int
    updated_at: int
    run_start: int | None
    run_end: int | None
    forked_id: str | None = None
    forked_version: int | None = None
    named_version: int | None = None

    @property
    def forked(self) -> tuple[str, int] | None:
        """Which version of which val it was made of."""
        return None if self.forked_id is None or self.forked_version is None else (self.forked_id, self.forked_version)


def is_public(val: Val) -> bool:
    """Whether others may read this version of a val; unlisted counts as public."""
    return val.privacy is not Privacy.PRIVATE and val.public_since is not None and val.version >= val.public_since


@dataclass(frozen=True, slots=True)
class Version:
    """One line of a val's history."""

    val_id: str
    version: int
    kind: Kind
    code: str
    type: str
    error: dict[str, object] | None
    evaluation: str | None
    author: str | None
    created_at: int
    run_start: int | None
    run_end: int | None


class Stage(StrEnum):
    """How far a message came; `sending` is its one moment of doubt, and `unknown` a doubt that was not resolved."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message so far: tries that ended, when the next one is due, and what went wrong last."""

    stage: Stage
    attempts: int
    due: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message in the outbox; `account` is who gets it, `address` where (None: no address is known).

    `delivery` None: no server was set when it was written, and it stays here.
    """

    id: str
    account: str
    address: str | None
    subject: str
    text: str | None
    html: str | None
    reply_to: str | None
    from_val: str | None
    author: str | None
    evaluation: str | None
    created_at: int
    delivery: Delivery | None = None


# Not frozen, though nobody changes one: two are made for each request, and a frozen one of 26 fields takes twice as long.
@dataclass(slots=True)
class EvaluationRow:
    """The record of one run: written once when it starts and once when it ends.

    `caller` and `requester` are account names, folded; None is anonymous.
    The entry is `code`, or the val `entry_owner.entry_name@entry_version`.
    `args` to `calls` are JSON as bytes; `cpu_us` is microseconds, `peak_bytes` the largest guest, `effects` a count.
    `process` names the process that wrote it, so that an orphan is known from one that runs elsewhere.
    `parent` is the evaluation whose `api()` asked for this one.
    """

    id: str
    caller: str | None
    requester: str | None
    source: str
    policy: str
    started: int
    code: str | None = None
    entry_owner: str | None = None
    entry_name: str | None = None
    entry_version: int | None = None
    val_id: str | None = None
    args: bytes | None = None
    value: bytes | None = None
    value_type: str | None = None
    error: bytes | None = None
    logs: bytes | None = None
    emails: bytes | None = None
    calls: bytes | None = None
    ended: int | None = None
    cpu_us: int = 0
    peak_bytes: int = 0
    effects: int = 0
    state: State = State.RUNNING
    process: str | None = None
    parent: str | None = None

    @property
    def weight(self) -> int:
        """About how many bytes it takes: those of its texts."""
        parts = (self.code, self.args, self.value, self.error, self.logs, self.emails, self.calls)
        return sum(map(len, filter(None, parts)))


@dataclass(frozen=True, slots=True)
class Interval:
    """A val that runs by itself: `schedule` is JSON as host_api/intervals writes it, and `process` runs it now.

    `last_run` is when the last run began, `next_run` when the next is due.
    """

    id: str
    val_id: str
    owner_id: str
    owner: str
    name: str
    schedule: str
    registered_at: int
    last_run: int | None
    next_run: int
    process: str | None


@dataclass(frozen=True, slots=True)
class Quota:
    """What one principal may keep: bytes of versions, versions, messages a minute, and vals with a schedule."""

    storage: int = 1_000_000_000
    versions: int = 100_000
    emails_per_minute: int = 100
    intervals: int = 100
