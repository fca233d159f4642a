"""What is kept: accounts, tokens, secrets, vals with their versions, mail, and the records of evaluations.

SQLite with a write-ahead log; see store.py and asked/ for what the rest of the house may ask.
This package never decides who may read or write something: the membrane and HTTP do, before they ask.
"""

from host_api.store.changing import KEEP, Keep
from host_api.store.evaluations import Filter
from host_api.store.keys import Keys
from host_api.store.model import (
    ALL_SCOPES,
    MUST_NOT_EXIST,
    Account,
    Delivery,
    EvaluationRow,
    Interval,
    Kind,
    Mail,
    Privacy,
    Quota,
    Scope,
    Stage,
    State,
    Token,
    Val,
    Version,
    is_public,
)
from host_api.store.store import Store
from host_api.store.vals import weight

__all__ = [
    "ALL_SCOPES",
    "KEEP",
    "MUST_NOT_EXIST",
    "Account",
    "Delivery",
    "EvaluationRow",
    "Filter",
    "Interval",
    "Keep",
    "Keys",
    "Kind",
    "Mail",
    "Privacy",
    "Quota",
    "Scope",
    "Stage",
    "State",
    "Store",
    "Token",
    "Val",
    "Version",
    "is_public",
    "weight",
]
