"""The operator's settings: each one is a variable `VALGATE_<NAME>`, read once at the start.

Everything about what may be set, and how it is written; nothing about what a setting does.
Source of names and defaults: semantics.md §9.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from host_api.knob import PREFIX, Knob
from host_api.knobs import ENVIRONMENT, KNOBS
from host_api.mail.server import Server
from host_api.net.addresses import Rules
from host_api.net.chain import Own
from host_api.net.limits import Fetching
from host_api.processes.place import cores
from host_api.store import Keys, Quota, Store
from host_api.store.url import path_of
from kernel.errors import BadSetting
from kernel.limits import MIB, Limits
from kernel.policy import Policy


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided. Sizes are bytes, times seconds but for `retention_days`.

    `db` None is the user's data directory; `key` never shows.
    """

    limits: Limits = field(default_factory=Limits)
    db: str | None = None
    key_file: Path | None = None
    key: str | None = field(default=None, repr=False)
    policy: Policy = Policy.RESTRICTED
    vals_domain: str = "localhost"
    fetch_allow: tuple[str, ...] = ()
    smtp_url: Server | None = None
    mail_from: str | None = None
    mail_domain: str | None = None
    anonymous_eval: bool = True
    host: str = "127.0.0.1"
    port: int = 8787
    processes: int = field(default_factory=cores)
    api_chain: int = 15
    fetches: int = 50
    fetches_at_once: int = 6
    fetch_body: int = 10 * MIB
    anonymous_fetches: int = 5
    emails_per_minute: int = 100
    intervals: int = 100
    intervals_at_once: int = 8
    shortest_interval: float = 1.0
    connections: int = 10_000
    requests: int = 8_000
    bodies: int = 256_000_000
    unread: int = 512_000_000
    evaluations: int = 8_000
    concurrency: int = 0
    rate: int = 0
    guests_alive: int = 16_384
    fetch_connections: int = 8_000
    backlog: int = 20_000
    drain: float = 10.0
    proxies: tuple[str, ...] = ()
    public_hosts: tuple[str, ...] = ()
    metrics: bool = False
    images: int = 512 * MIB
    body: int = 2_000_000
    url: int = 16_000
    code: int = 256_000
    storage: int = 1_000_000_000
    versions: int = 100_000
    retention_days: int = 30
    records: int = 100_000
    tree: int = 16 * MIB

    @classmethod
    def load(cls, environ: Mapping[str, str], warn: Callable[[str], None] | None = None) -> Settings:
        """Read the environment; raise BadSetting that names the variable and says what it takes.

        An unknown VALGATE_ variable is told to `warn` (stderr), with the nearest name there is.
        """
        for sentence in unknown(environ):
            (warn or _to_stderr)(sentence)
        given = {knob: knob.parse(text) for knob in KNOBS if (text := environ.get(knob.variable, "")) != ""}
        # Which value a field takes is the table's to say, and the tests'.
        limits: dict[str, Any] = {knob.attribute: value for knob, value in given.items() if knob.limit}
        others: dict[str, Any] = {knob.attribute: value for knob, value in given.items() if not knob.limit}
        return cls(limits=Limits(**limits), **others)

    def describe(self) -> list[tuple[str, str, str, str]]:
        """Each setting as (variable, value, default, what it is), as an operator would write it."""
        plain = Settings()
        return [(knob.variable, self._shown(knob), plain._shown(knob), knob.help) for knob in KNOBS]

    def _shown(self, knob: Knob) -> str:
        if knob.attribute == "db":
            return str(self.database)
        if knob.attribute == "key_file" and self.key_file is None:
            return f"{self.database}.key"
        return knob.show(getattr(self.limits if knob.limit else self, knob.attribute))

    @property
    def database(self) -> Path:
        """The database's file; raises BadSetting for what names none."""
        return path_of(self.db) if self.db else default_database()

    @property
    def fetching(self) -> Fetching:
        """What an evaluation may fetch."""
        return Fetching(self.fetches, self.fetches_at_once, self.fetch_body, self.anonymous_fetches)

    @property
    def fetch_rules(self) -> Rules:
        """Which addresses vals may reach; raises ValueError for what no operator could set."""
        return Rules.parse(self.fetch_allow, self.port)

    @property
    def own_addresses(self) -> Own:
        """Where this server answers."""
        return Own(self.host, self.vals_domain, self.fetch_rules.own_ports, frozenset(self.public_hosts))

    @property
    def domain_of_mail(self) -> str:
        """Where vals get mail."""
        return self.mail_domain or self.vals_domain.partition(":")[0]

    @property
    def sender_of_mail(self) -> str:
        """Who sends the mail of vals."""
        return self.mail_from or f"valgate@{self.domain_of_mail}"

    @property
    def quota(self) -> Quota:
        """What one principal may keep."""
        return Quota(self.storage, self.versions, self.emails_per_minute, self.intervals)

    @property
    def keys(self) -> Keys:
        """Where the key of the secrets is."""
        if self.key is not None or self.key_file is None:
            return Keys.beside(self.database, text=self.key)
        return Keys(self.key_file, given=True)

    def open_store(self) -> Store:
        """Open the database, making and migrating it where needed; raise BadSetting or Overloaded."""
        if not self.db:
            _make_folder(self.database.parent)
        return Store.open(self.database, self.keys, quota=self.quota, delivers=self.smtp_url is not None)


def unknown(environ: Mapping[str, str]) -> list[str]:
    """One sentence for each variable that looks like a setting and is none."""
    known = [knob.variable for knob in KNOBS] + list(ENVIRONMENT)
    strange = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting{_nearest(name, known)}; `valgate settings` lists them." for name in strange]


def default_database() -> Path:
    """The database in the user's data directory."""
    from platformdirs import user_data_dir  # noqa: PLC0415 — slow to load, and often not needed

    return Path(user_data_dir("valgate", appauthor=False)) / "valgate.db"


def _nearest(name: str, known: list[str]) -> str:
    # Without the prefix, which all names share.
    near = get_close_matches(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known], n=1)
    return f" (did you mean {PREFIX}{near[0]}?)" if near else ""


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(
            f"The folder {folder} cannot be made ({error.strerror}): choose a database with --db or VALGATE_DB."
        ) from error


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(f"valgate: {sentence}\n")
