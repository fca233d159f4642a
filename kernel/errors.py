"""Everything that can go wrong, as one tree.

This file does not know how an error came about; it knows what each one is called, who is to blame and what is told to whom.

    ValgateError
    ├── GuestError                blame guest: the evaluation ends, nothing else is touched
    │   ├── Thrown                502  a val threw and nobody caught it
    │   ├── Deadlock              422  nothing is left that could wake it
    │   ├── BrokenGuest           422  a trap, or a message no guest of ours would write
    │   └── LimitReached          422  no code catches these
    │       ├── CpuLimit
    │       ├── MemoryLimit
    │       └── WallLimit         504
    ├── Refusal                   thrown into the guest that asked, which may catch it; capabilities have more of them
    │   ├── PermissionRefused     422  "PermissionError" of the table's api column
    │   ├── LimitError            422  one of the countable limits
    │   ├── CloneRefused          422  "DataCloneError"
    │   ├── UnknownHandle         422  unknown and revoked are one answer
    │   └── BadRequest            422  "TypeError" or "ReferenceError": a host call nobody understands
    ├── CallerError               blame caller: nothing ran
    │   ├── BadInput              400
    │   │   └── SourceError       400  with line and column of the val
    │   ├── Unauthorized          401
    │   ├── NotFound              404  unknown, private and refused are one answer
    │   ├── Conflict              409
    │   │   └── CodeInTheWay      409  a code val where only data may be written
    │   ├── TooLarge              413
    │   ├── AddressTooLong        414
    │   ├── TooMany               429  one of them asks too often, or for too much at once
    │   └── BadSetting            400  an operator's mistake
    └── HostError                 blame kernel
        ├── HostFailure           500  a fixed sentence, never a host message
        └── Overloaded            503
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Blame(StrEnum):
    """Whose mistake it was."""

    GUEST = "guest"
    CALLER = "caller"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """What is told of a failed evaluation: everything in the val's own words.

    `status` is an HTTP status; `name`, `message` and `stack` are the thrown value's; line and column are 1-based.
    """

    status: int
    code: str
    name: str
    message: str
    stack: str = ""
    val: str | None = None
    line: int | None = None
    column: int | None = None


class ValgateError(Exception):
    """The root. `str(error)` is one sentence that may be shown to whom it concerns."""

    code = "error"
    status = 500
    blame = Blame.KERNEL
    guest_name = "Error"

    def info(self) -> ErrorInfo:
        """Describe this error as the end of an evaluation."""
        return ErrorInfo(self.status, self.code, self.guest_name, str(self))


class GuestError(ValgateError):
    """The evaluation ended, and its own code is why."""

    code = "guest"
    status = 422
    blame = Blame.GUEST


class Thrown(GuestError):
    """A val threw. What it threw keeps its own words."""

    code = "thrown"
    status = 502

    def __init__(self, name: str, message: str, stack: str = "") -> None:
        """Keep the thrown value's name, message and stack."""
        super().__init__(message)
        self.name, self.stack = name, stack

    def info(self) -> ErrorInfo:
        """Describe the thrown value; a refusal that nobody caught has the status of a refusal."""
        refused = UNCAUGHT.get(self.name)
        code, status = (refused.code, refused.status) if refused else (self.code, self.status)
        return ErrorInfo(status, code, self.name, str(self), self.stack)


class Deadlock(GuestError):
    """Every open call waits for something that cannot happen any more."""

    code = "deadlock"
    guest_name = "Deadlock"


class BrokenGuest(GuestError):
    """A trap, or a message that no guest of ours would write."""

    code = "broken_guest"
    guest_name = "BrokenGuest"


class LimitReached(GuestError):
    """A limit that ends the whole evaluation; no code catches it."""

    code = "limit"
    guest_name = "LimitError"


class CpuLimit(LimitReached):
    """The evaluation used its processor time."""

    code = "cpu_limit"


class MemoryLimit(LimitReached):
    """A guest used its memory."""

    code = "memory_limit"


class WallLimit(LimitReached):
    """The evaluation took too long."""

    code = "wall_limit"
    status = 504


class Refusal(ValgateError):
    """Thrown into the guest that asked, as an error it may catch."""

    code = "refused"
    status = 422
    blame = Blame.GUEST


class PermissionRefused(Refusal):
    """The api column's Error: one for private, refused and missing alike."""

    code = "permission"
    guest_name = "PermissionError"


class LimitError(Refusal):
    """A countable limit was reached."""

    code = "limit"
    guest_name = "LimitError"


class CloneRefused(Refusal):
    """The value cannot be kept or sent."""

    code = "clone"
    guest_name = "DataCloneError"


class UnknownHandle(Refusal):
    """No such handle; whether there ever was one is not told."""

    code = "unknown_handle"
    guest_name = "ReferenceError"


class BadRequest(Refusal):
    """A host call that nobody understands."""

    code = "bad_request"
    guest_name = "TypeError"


class CallerError(ValgateError):
    """The request was wrong; nothing ran."""

    code = "caller"
    status = 400
    blame = Blame.CALLER


class BadInput(CallerError):
    """The request cannot be read; the sentence says what to do."""

    code = "bad_input"


class SourceError(BadInput):
    """Code that does not parse, at a 1-based line and column of the val."""

    code = "syntax"
    guest_name = "SyntaxError"

    def __init__(self, message: str, line: int, column: int) -> None:
        """Keep where it is."""
        super().__init__(message)
        self.line, self.column = line, column

    def info(self) -> ErrorInfo:
        """Add the place."""
        return ErrorInfo(self.status, self.code, self.guest_name, str(self), line=self.line, column=self.column)


class Unauthorized(CallerError):
    """No token, or one that is not valid (any more), or one without the scope."""

    code = "unauthorized"
    status = 401


class NotFound(CallerError):
    """Unknown, private and refused are this one answer."""

    code = "not_found"
    status = 404


class Conflict(CallerError):
    """Somebody else was there first."""

    code = "conflict"
    status = 409
    guest_name = "WriteConflict"


class CodeInTheWay(Conflict):
    """A code val stands where only data may be written (row 11); the membrane makes a no-op of it."""

    code = "code_in_the_way"


class TooLarge(CallerError):
    """The body is too large."""

    code = "too_large"
    status = 413


class AddressTooLong(CallerError):
    """The address is too long."""

    code = "address_too_long"
    status = 414


class TooMany(CallerError):
    """Somebody asks too often, or for too much at once; the server itself has room."""

    code = "too_many"
    status = 429

    def __init__(self, message: str, seconds: int = 1) -> None:
        """Keep after how many whole seconds it is worth trying again."""
        super().__init__(message)
        self.seconds = seconds


class BadSetting(CallerError):
    """A setting, file or option of the operator's that cannot be used; the sentence names it."""

    code = "setting"


class HostError(ValgateError):
    """The host failed; a guest sees a code and a fixed sentence."""

    code = "host"


class HostFailure(HostError):
    """Something in the host broke. The cause is chained for the log, and shown to nobody else."""

    code = "host_failure"
    guest_name = "HostError"

    def __init__(self) -> None:
        """There is one sentence, whatever happened."""
        super().__init__("The host could not do this. It is not the val's fault; the operator's log has the cause.")


class Overloaded(HostError):
    """Too much at once; worth trying again."""

    code = "overloaded"
    status = 503


UNCAUGHT: dict[str, type[ValgateError]] = {
    kind.guest_name: kind for kind in (LimitError, CloneRefused, PermissionRefused, Deadlock)
}
"""What keeps its own status when a val lets it go: by the name that guests see."""


def to_http(error: ValgateError) -> tuple[int, dict[str, object]]:
    """Translate an error to a status and the body of http-api.md; never a host message."""
    body: dict[str, object] = {"type": "error", "error": str(error)}
    if isinstance(error, SourceError):
        body |= {"line": error.line, "column": error.column}
    return error.status, body


def to_guest(error: ValgateError) -> tuple[str, str]:
    """Translate an error to the name and message that a guest sees."""
    return error.guest_name, str(error)
