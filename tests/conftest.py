"""What every test may rely on: the same examples each time, and nothing of the operator's settings."""

from __future__ import annotations

import os

import hypothesis

# Settings of whoever runs the tests must not change what they show.
for _name in [name for name in os.environ if name.startswith("VALGATE_")]:
    del os.environ[_name]

# Deterministic: a failing example fails for everyone, not on one machine in one night.
hypothesis.settings.register_profile("house", derandomize=True, deadline=None, max_examples=100, print_blob=True)
# For a longer hunt: `make tests ARGS=--hypothesis-profile=hunt`.
hypothesis.settings.register_profile("hunt", deadline=None, max_examples=5000, print_blob=True)
hypothesis.settings.load_profile("house")
