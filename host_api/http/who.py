"""Who asks: from the Authorization header to an account and what its token is good for.

A wrong token is never the same as none: it is refused, so that nobody believes to be somebody while being anonymous.
No cookie is read here or anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web

from host_api.store import Store
from host_api.store.accounts import PREFIX
from host_api.store.model import Account, Privacy, Scope, Token, Val
from kernel.errors import Unauthorized

_OURS = re.compile(re.escape(PREFIX) + r"[\w-]{40}", re.ASCII)
"""What has the form of a token, wherever it stands."""

HOW = "Send one header, `Authorization: Bearer <token>`; `valgate token new` makes a token."


@dataclass(frozen=True, slots=True)
class Requester:
    """Somebody with a token, or nobody."""

    account: Account | None
    token: Token | None
    name: str | None
    """The account's; None is anonymous."""

    @property
    def id(self) -> str:
        """The account's id; nothing for anonymous."""
        return self.account.id if self.account else ""

    def sees(self, val: Val, version: int | None = None) -> bool:
        """Whether a val, or this version of it, is there for this requester."""
        if self.owns(val.owner_id):
            return True
        if val.privacy is Privacy.PRIVATE or val.public_since is None:
            return False
        return version is None or version >= val.public_since

    def owns(self, account_id: str) -> bool:
        """Whether that account is this requester's own."""
        return self.account is not None and self.account.id == account_id

    def insist_account(self) -> Account:
        """Return the account, or raise Unauthorized that says how to have one."""
        if self.account is None:
            raise Unauthorized(f"This needs a token. {HOW}")
        return self.account

    def insist_scope(self, scope: Scope) -> None:
        """Raise Unauthorized if there is a token and it is not good for this; `eval` is good for everything."""
        if self.token is not None and not self.token.scopes & {scope, Scope.EVAL}:
            raise Unauthorized(f"This token lacks the scope {scope.value!r}.")


NOBODY = Requester(None, None, None)


def identify(request: web.Request, store: Store) -> Requester:
    """Find whose Authorization header it is; raise Unauthorized for any that is not a valid token."""
    found = store.authenticate(_bearer(request.headers.getall("Authorization")))
    if found is None:
        raise Unauthorized("This token is not valid: unknown, expired or revoked.")
    return Requester(*found, found[0].name)


def visitor(request: web.Request, store: Store) -> Requester:
    """Find who visits a val that answers itself: any Authorization that is no token of ours is the val's, and passes.

    What has the form of our tokens and is none that is valid is refused all the same: nobody is anonymous by mistake.
    """
    headers = request.headers.getall("Authorization")
    ours = any(_OURS.search(header) for header in headers)
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token.isascii():
        if ours:  # spelled so that it would be passed on
            raise Unauthorized(f"The Authorization header cannot be read. {HOW}")
        return NOBODY
    found = store.authenticate(token.strip())
    if found is None and (ours or token.strip().startswith(PREFIX)):
        raise Unauthorized("This token is not valid: unknown, expired or revoked.")
    return NOBODY if found is None else Requester(*found, found[0].name)


def _bearer(headers: list[str]) -> str:
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token.strip() or not token.isascii():
        raise Unauthorized(f"The Authorization header cannot be read. {HOW}")
    return token.strip()
