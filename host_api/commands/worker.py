"""One of the processes of `valgate serve`: its supervisor starts it as `python -m host_api.commands.worker`, and nobody else.

What goes wrong is told as any command's mistake is.
"""

from __future__ import annotations

import asyncio
import os
import sys

from host_api.commands.serving import tended
from host_api.commands.telling import told
from host_api.processes.birth import Birth
from host_api.processes.share import share
from host_api.settings import Settings


def main(argv: list[str]) -> int:
    """Serve until told to stop; return the exit status."""
    birth = Birth.parse(argv[0])
    return told(lambda: _serve(birth))


def _serve(birth: Birth) -> int:
    # The supervisor has said already what is strange about the settings.
    settings = share(Settings.load(os.environ, warn=lambda _: None), birth.place)
    asyncio.run(tended(settings, birth.host, 0, demo=birth.demo, birth=birth, ready=lambda _: _report(birth)))
    return 0


def _report(birth: Birth) -> None:
    os.write(birth.report, b"ready\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
