"""Evaluating: from what somebody asked for to an answer, a val or a version, and the record of it.

HTTP, mail, intervals and the command line ask the house for it (house.py). This package knows nothing of how they were asked, and
never decides what running code may touch: that is the membrane's.
"""

from host_api.evaluating.evaluator import Evaluator
from host_api.evaluating.outcome import Entry, Outcome
from host_api.evaluating.recorded import Shared
from host_api.evaluating.runner import Runner
from host_api.evaluating.saver import Saver
from host_api.evaluating.underway import Underway

__all__ = ["Entry", "Evaluator", "Outcome", "Runner", "Saver", "Shared", "Underway"]
