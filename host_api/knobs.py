"""The table of settings: for each its name, how it is read and shown, and what it is.

A new setting is a field of Settings (or of kernel.limits.Limits) and a line here.
"""

from __future__ import annotations

from pathlib import Path

from host_api.knob import (
    Knob,
    count,
    read_address,
    read_domain,
    read_hosts,
    read_mail_domain,
    read_names,
    read_networks,
    read_policy,
    seconds,
    show_hosts,
    show_maybe,
    show_secret,
    size,
    switch,
)
from host_api.mail.server import TAKES, Server

ENVIRONMENT = frozenset({"VALGATE_DEBUG"})
"""Variables that are for the program's makers, and no settings."""
MOST_PROCESSES = 512
_MIB = 2**20

KNOBS: tuple[Knob, ...] = (
    Knob("DB", str, "sqlite:///relative.db, sqlite:////absolute.db or a path", "the database"),
    Knob(
        "KEY_FILE",
        lambda text: Path(text).expanduser(),
        "a file's name",
        "the file of the key that seals secrets; made beside the database at the first start",
        show=show_maybe,
    ),
    Knob(
        "KEY",
        str,
        "32 bytes as 64 hexadecimal digits or in base64",
        "that key itself, instead of a file",
        show=show_secret,
        secret=True,
    ),
    Knob("HOST", str, "an address", "the address to listen at"),
    count("PORT", "the port to listen at; 0 is any free one", most=65535),
    count(
        "PROCESSES",
        "how many processes serve; the default is the number of cores that there are for them",
        least=1,
        most=MOST_PROCESSES,
    ),
    Knob("VALS_DOMAIN", read_domain, "a domain, such as vals.example.org", "vals answer at user-val.<this domain>"),
    Knob("POLICY", read_policy, "restricted or strict", "what naming another owner's val means"),
    switch("ANONYMOUS_EVAL", "whether those without a token may evaluate code"),
    Knob(
        "FETCH_ALLOW",
        read_hosts,
        "names, addresses or networks with commas between, each with a port or without, such as localhost:8080, *.corp.example, 10.0.0.0/8 or [fd00::1]:443",
        "what vals may fetch from though it is not on the public internet: a name allows what is asked for by that name, an address what really leads there",
        show=show_hosts,
    ),
    Knob(
        "SMTP_URL",
        Server.parse,
        TAKES,
        "the mail server that takes what console.email sends; without one it stays in the outbox",
        show=show_maybe,
        secret=True,
    ),
    Knob(
        "MAIL_FROM",
        read_address,
        "an address, as in valgate@example.org",
        "the sender of that mail; default valgate@ the mail domain",
        show=show_maybe,
    ),
    Knob(
        "MAIL_DOMAIN",
        read_mail_domain,
        "a domain, such as mail.example.org",
        "mail-in takes mail to user.val@<this domain>; default the vals domain",
        show=show_maybe,
    ),
    seconds("CPU", "processor time of an evaluation", most=3600),
    seconds("WALL", "how long an evaluation may take", most=86_400),
    size("MEMORY", "memory of a guest; the runtime takes 15 MiB of it", least=32 * _MIB, most=2**32, limit=True),
    size("STACK", "stack of a guest", least=2**14, most=64 * _MIB, limit=True),
    count("GUESTS", "guests of an evaluation", least=1, limit=True),
    count("CALL_DEPTH", "calls within calls across owners", limit=True),
    count(
        "API_CHAIN",
        "how deep evaluations may call one another by api(); all that a chain calls share the processor time of so many",
    ),
    count("CALLS", "host calls of an evaluation that are recorded one by one; more are counted", limit=True),
    count("CLONE_DEPTH", "depth of a value that crosses between guests", least=1, most=100_000, limit=True),
    size("MESSAGE", "a message between guests, and a stored value", least=1024, most=2**30, limit=True),
    count("HANDLES", "live handles of a guest", limit=True),
    count("WRITES", "writes of an evaluation", limit=True),
    size("CONSOLE", "console output of an evaluation", least=0, limit=True),
    size("FIELD", "a recorded field; longer ones are cut", least=64, limit=True),
    count("EMAILS", "messages an evaluation may send", limit=True),
    count("EMAILS_PER_MINUTE", "messages a minute to a principal"),
    count("FETCHES", "fetches of an evaluation"),
    count("FETCHES_AT_ONCE", "fetches of an evaluation that run at once", least=1),
    size("FETCH_BODY", "a fetched body, decoded", least=0),
    count("ANONYMOUS_FETCHES", "fetches of an anonymous evaluation"),
    count("INTERVALS", "vals of a principal that run on a schedule"),
    count("INTERVALS_AT_ONCE", "such runs at once; half of them may be one owner's", least=1, most=1000),
    seconds("SHORTEST_INTERVAL", "the least time between two such runs of a val", most=86_400, limit=False),
    count("CONNECTIONS", "connections that are open at once; more are answered 503", least=1),
    count("REQUESTS", "requests under way at once; more are answered 503, but for health probes", least=1),
    size("BODIES", "bodies of requests that are held at once, all together"),
    size("UNREAD", "bytes of answers that wait for their readers; beyond, who has waited longest is cut off"),
    count("EVALUATIONS", "evaluations under way at once; more are answered 503", least=1),
    count(
        "CONCURRENCY",
        "evaluations under way at once of one caller, in each process; more are answered 429; 0 is no limit",
    ),
    count(
        "RATE",
        "requests a minute of an account, or of an address without a token, in each process; more are answered 429; 0 is no limit",
    ),
    count("GUESTS_ALIVE", "guests of all evaluations that are alive at once", least=1),
    count(
        "FETCH_CONNECTIONS",
        "connections of fetches in use at once; who has three times as many as are free gets no more",
        least=1,
    ),
    count("BACKLOG", "writes that may wait for the disk before new evaluations are answered 503", least=1),
    seconds("DRAIN", "how long what runs may go on once the server is asked to stop", most=3600, limit=False),
    Knob(
        "PROXIES",
        read_networks,
        "addresses or networks with commas between, such as 10.0.0.5, 192.168.0.0/16 or ::1",
        "the proxies before this server: their X-Forwarded-For, -Proto and -Host are believed",
        show=show_hosts,
    ),
    Knob(
        "PUBLIC_HOSTS",
        read_names,
        "names with commas between, each with a port or without, such as vals.example.org",
        "further names under which this server is reached, as through a proxy",
        show=show_hosts,
    ),
    switch("METRICS", "whether anybody may read /metrics; off is only who asks from this machine, directly"),
    size("IMAGES", "images of vals on the disk, beside the database; 0: none"),
    size("BODY", "a request's body"),
    size("URL", "a request's address", least=256),
    size("CODE", "a val's source"),
    size("STORAGE", "what a principal may keep in all"),
    count("VERSIONS", "versions a principal may keep", least=1),
    count("RETENTION_DAYS", "days that the records of evaluations are kept", least=1, most=36_500),
    count("RECORDS", "records kept of one caller's evaluations; then the oldest are forgotten", least=1),
    size("TREE", "the recorded calls of an evaluation; later ones are only counted", least=1024),
)
"""All of them, in the order in which they are listed."""
