"""What a process is told when it is started: its place, and the descriptors that it was given."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from host_api.processes.place import Place

Group = tuple[int, ...]
"""Descriptors of one process's sockets: one for each address that the host has."""


@dataclass(frozen=True, slots=True)
class Birth:
    """`doors` are everybody's, by number; `orders` ends when the supervisor does; `announces`: it says the address, once it serves."""

    number: int
    doors: tuple[Group, ...]
    orders: int
    report: int
    folder: Path
    host: str
    announces: bool
    demo: bool

    @staticmethod
    def name(number: int, pid: int) -> str:
        """Return what the socket of a process is called in the folder where they meet."""
        return f"{number}.{pid}"

    @property
    def place(self) -> Place:
        """Where this process stands."""
        return Place(self.number, len(self.doors))

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        return json.dumps(asdict(self) | {"folder": str(self.folder)})

    @classmethod
    def parse(cls, text: str) -> Birth:
        """Read what the supervisor of this program wrote."""
        told = json.loads(text)
        return cls(**told | {"doors": tuple(map(tuple, told["doors"])), "folder": Path(told["folder"])})
