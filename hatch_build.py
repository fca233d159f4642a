"""The build hook: a wheel carries the built guest.

An editable install has the working tree's guests/build, which `make guests` fills; so it is left alone.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GuestHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `python -m guests.build` before a wheel is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Build the guest, unless the wheel only points at the working tree."""
        if version != "editable":
            subprocess.run([sys.executable, "-m", "guests.build"], cwd=self.root, check=True)
