"""How a database is named: `sqlite:///relative.db`, `sqlite:////absolute.db`, or simply a path."""

from __future__ import annotations

from pathlib import Path

from kernel.errors import BadSetting

SCHEME = "sqlite:///"


def path_of(url: str | Path) -> Path:
    """Return the file that is meant, absolute; raise BadSetting."""
    if isinstance(url, Path):
        return url.absolute()
    name = url.removeprefix(SCHEME)
    if not name.strip("/.") or "\0" in name or (name == url and "://" in url) or name == ":memory:":
        raise BadSetting(
            f"{url!r} does not name a database: write sqlite:///valgate.db (in this folder), "
            "sqlite:////var/lib/valgate.db (absolute), or a path."
        )
    return Path(name).expanduser().absolute()
