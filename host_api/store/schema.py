"""The tables, as a list of migrations: number N takes a database from version N to N + 1.

A migration that was released is never edited: a new one is added.
The version stands in `PRAGMA user_version`; `PRAGMA application_id` says that the file is ours.
"""

from __future__ import annotations

APPLICATION = 0x56_41_4C_47
"""`VALG`, so that no other program's database is taken for ours."""

Migration = tuple[str, ...]

_VALS, _PEOPLE = "vals = vals + 1", "people = people + 1"
_OF_VERSIONS = " OF val_id, owner_id, version, kind, type, evaluation, author, created_at, run_start, run_end, error, code, payload, json"

FIRST: Migration = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    # bytes and versions are sums over the account's versions, kept with each write, so that a quota costs no scan.
    """CREATE TABLE accounts (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, folded TEXT NOT NULL UNIQUE, email TEXT, created_at INTEGER NOT NULL,
        bytes INTEGER NOT NULL DEFAULT 0, versions INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID""",
    """CREATE TABLE tokens (
        hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL REFERENCES accounts(id),
        name TEXT NOT NULL, scopes TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER,
        last_used_at INTEGER) WITHOUT ROWID""",
    "CREATE INDEX tokens_account ON tokens(account_id, created_at)",
    """CREATE TABLE secrets (
        account_id TEXT NOT NULL REFERENCES accounts(id), folded TEXT NOT NULL, name TEXT NOT NULL,
        sealed BLOB NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (account_id, folded)) WITHOUT ROWID""",
    # named_from: the first version reachable under this name; older ones belong to the name it had before.
    """CREATE TABLE vals (
        id TEXT PRIMARY KEY, owner_id TEXT NOT NULL REFERENCES accounts(id), name TEXT NOT NULL, folded TEXT NOT NULL,
        privacy TEXT NOT NULL, version INTEGER NOT NULL, named_from INTEGER NOT NULL DEFAULT 0, readme TEXT,
        public_since INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        UNIQUE (owner_id, folded)) WITHOUT ROWID""",
    # prunable: data that is not the newest any more; what is pruned is found at once, however much else there is.
    # What may be large stands last: a list that leaves it out does not read past it.
    """CREATE TABLE versions (
        seq INTEGER PRIMARY KEY, val_id TEXT NOT NULL REFERENCES vals(id), owner_id TEXT NOT NULL,
        version INTEGER NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, bytes INTEGER NOT NULL,
        prunable INTEGER NOT NULL DEFAULT 0, evaluation TEXT, author TEXT, created_at INTEGER NOT NULL,
        run_start INTEGER, run_end INTEGER, error TEXT, code TEXT NOT NULL, payload BLOB, json BLOB,
        UNIQUE (val_id, version))""",
    "CREATE INDEX versions_prunable ON versions(owner_id, seq, bytes) WHERE prunable = 1",
    # The next version number of a name; it outlives the val, so that a number never means two things.
    """CREATE TABLE numbers (
        owner_id TEXT NOT NULL, folded TEXT NOT NULL, next INTEGER NOT NULL,
        PRIMARY KEY (owner_id, folded)) WITHOUT ROWID""",
    """CREATE TABLE mail (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL REFERENCES accounts(id),
        address TEXT, subject TEXT NOT NULL, text TEXT, html TEXT, reply_to TEXT, from_val TEXT, author TEXT,
        evaluation TEXT, created_at INTEGER NOT NULL)""",
    "CREATE INDEX mail_account ON mail(account_id, created_at)",
    """CREATE TABLE evaluations (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, caller TEXT, requester TEXT, source TEXT NOT NULL,
        policy TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, cpu_us INTEGER NOT NULL,
        peak_bytes INTEGER NOT NULL, effects INTEGER NOT NULL, state TEXT NOT NULL, process TEXT, entry_owner TEXT,
        entry_name TEXT, entry_version INTEGER, val_id TEXT, value_type TEXT, error BLOB, code TEXT, value BLOB,
        args BLOB, logs BLOB, emails BLOB, calls BLOB)""",
    "CREATE INDEX evaluations_caller ON evaluations(caller, seq)",
    "CREATE INDEX evaluations_val ON evaluations(val_id, seq) WHERE val_id IS NOT NULL",
    "CREATE INDEX evaluations_running ON evaluations(process) WHERE state = 'running'",
    "CREATE INDEX evaluations_started ON evaluations(started)",
)

# The table is made anew, since a column that is added stands behind what may be large.
_PARENTS: Migration = (
    """CREATE TABLE evaluations_2 (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, caller TEXT, requester TEXT, source TEXT NOT NULL,
        policy TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER, cpu_us INTEGER NOT NULL,
        peak_bytes INTEGER NOT NULL, effects INTEGER NOT NULL, state TEXT NOT NULL, process TEXT, parent TEXT,
        entry_owner TEXT, entry_name TEXT, entry_version INTEGER, val_id TEXT, value_type TEXT, error BLOB, code TEXT,
        value BLOB, args BLOB, logs BLOB, emails BLOB, calls BLOB)""",
    """INSERT INTO evaluations_2 SELECT seq, id, caller, requester, source, policy, started, ended, cpu_us, peak_bytes,
        effects, state, process, NULL, entry_owner, entry_name, entry_version, val_id, value_type, error, code, value,
        args, logs, emails, calls FROM evaluations""",
    "DROP TABLE evaluations",
    "ALTER TABLE evaluations_2 RENAME TO evaluations",
    "CREATE INDEX evaluations_caller ON evaluations(caller, seq)",
    # By caller too: whoever asks for his own of a val that others run all day must not read all of theirs.
    "CREATE INDEX evaluations_val ON evaluations(val_id, caller, seq) WHERE val_id IS NOT NULL",
    "CREATE INDEX evaluations_running ON evaluations(process) WHERE state = 'running'",
    "CREATE INDEX evaluations_started ON evaluations(started)",
)

_FORKS: Migration = (
    "ALTER TABLE vals ADD COLUMN forked_id TEXT",
    "ALTER TABLE vals ADD COLUMN forked_version INTEGER",
)

# What the newest version of a val names: owner and name folded. named_version: the version that these rows are of.
_REFERENCES: Migration = (
    """CREATE TABLE named (
        val_id TEXT NOT NULL REFERENCES vals(id), owner TEXT NOT NULL, name TEXT NOT NULL,
        PRIMARY KEY (val_id, owner, name)) WITHOUT ROWID""",
    "CREATE INDEX named_whom ON named(owner, name)",
    "ALTER TABLE vals ADD COLUMN named_version INTEGER",
)

# Messages on their way: what has none of these rows stays in the outbox. process: who has it in hand now.
_DELIVERIES: Migration = (
    """CREATE TABLE deliveries (
        mail_id TEXT PRIMARY KEY REFERENCES mail(id), state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        due INTEGER NOT NULL, process TEXT, error TEXT) WITHOUT ROWID""",
    "CREATE INDEX deliveries_due ON deliveries(due) WHERE state = 'waiting'",
    "CREATE INDEX deliveries_process ON deliveries(process) WHERE process IS NOT NULL",
)

# process: who is running it now.
_INTERVALS: Migration = (
    """CREATE TABLE intervals (
        val_id TEXT PRIMARY KEY REFERENCES vals(id), id TEXT NOT NULL UNIQUE, schedule TEXT NOT NULL,
        registered_at INTEGER NOT NULL, last_run INTEGER, next_run INTEGER NOT NULL, process TEXT) WITHOUT ROWID""",
    "CREATE INDEX intervals_next ON intervals(next_run) WHERE process IS NULL",
    "CREATE INDEX intervals_claimed ON intervals(process) WHERE process IS NOT NULL",
)

# Readmes are counted in accounts.bytes, once for each val.
_READMES: Migration = (
    """UPDATE accounts SET bytes = bytes + (
        SELECT coalesce(sum(length(CAST(readme AS BLOB))), 0) FROM vals WHERE owner_id = accounts.id)""",
)

# How often something has changed that is kept in memory (known.py): one row. Versions come with their val's row.
# When a token was used last, and what an account has stored, changes nothing that is kept.
_CHANGES: Migration = (
    "CREATE TABLE changes (one INTEGER PRIMARY KEY CHECK (one = 1), vals INTEGER NOT NULL, people INTEGER NOT NULL)",
    "INSERT INTO changes (one, vals, people) VALUES (1, 0, 0)",
    *(
        f"CREATE TRIGGER {what.lower()}_of_{table} AFTER {what}{columns} ON {table} BEGIN "  # noqa: S608 - our own texts
        f"UPDATE changes SET {count}; END"
        for table, what, columns, count in (
            ("vals", "INSERT", "", _VALS),
            ("vals", "UPDATE", "", _VALS),
            ("vals", "DELETE", "", _VALS),
            ("versions", "UPDATE", _OF_VERSIONS, _VALS),
            ("versions", "DELETE", "", _VALS),
            ("accounts", "UPDATE", " OF id, name, folded, email, created_at", f"{_VALS}, {_PEOPLE}"),
            ("accounts", "DELETE", "", f"{_VALS}, {_PEOPLE}"),
            ("tokens", "UPDATE", " OF hash, id, account_id, name, scopes, created_at, expires_at", _PEOPLE),
            ("tokens", "DELETE", "", _PEOPLE),
        )
    ),
)

SECOND: Migration = (*_PARENTS, *_FORKS, *_REFERENCES, *_DELIVERIES, *_INTERVALS, *_READMES)

THIRD: Migration = _CHANGES

MIGRATIONS: tuple[Migration, ...] = (FIRST, SECOND, THIRD)
