"""The little types of what a request may say: each one reads, refuses and describes one kind of value, in a query or in JSON.

What is read here is what is described here: a range stands in no second place.
This file knows no route.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from host_api.http import incoming, json_text
from host_api.http.json_text import Part
from host_api.http.schemas import TIME, Json
from kernel.errors import BadInput

Read_co = TypeVar("Read_co", covariant=True)
Word = TypeVar("Word", bound=StrEnum)


class Kind(Protocol[Read_co]):
    """What a value may be: `of_text` reads it from a query, `of_part` from JSON; both raise BadInput that says what is meant."""

    @property
    def schema(self) -> Json:
        """As OpenAPI writes it."""
        ...

    def of_text(self, text: str, name: str) -> Read_co:
        """Read what a query says."""
        ...

    def of_part(self, part: Part, name: str) -> Read_co:
        """Read what a body says."""
        ...


@dataclass(frozen=True, slots=True)
class Described:
    """A value that somebody else reads; here it is only described, and only in JSON."""

    schema: Json

    def of_text(self, text: str, name: str) -> object:
        """Refuse: no query has such a value."""
        raise BadInput(f"{name} goes into a body, as JSON; {text[:60]!r} is none.")

    def of_part(self, part: Part, name: str) -> object:
        """Hand on whatever it is."""
        del name
        return part.value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a range; in JSON `1.0` is one too."""

    least: int
    most: int

    @property
    def schema(self) -> Json:
        """An integer."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def of_text(self, text: str, name: str) -> int:
        """Read digits."""
        digits = text.lstrip("0") or "0" if text.isascii() and text.isdigit() else ""
        if not digits or len(digits) > len(str(self.most)) or not self.least <= int(digits) <= self.most:
            raise BadInput(f"{name} must be a whole number from {self.least} to {self.most}.")
        return int(digits)

    def of_part(self, part: Part, name: str) -> int:
        """Read a number."""
        written = str(int(part.value)) if isinstance(part.value, float) and part.value.is_integer() else part.text
        return self.of_text(written, name)


@dataclass(frozen=True, slots=True)
class Text:
    """A text that has an encoding, of so many characters (`most` None: the limit is somebody else's)."""

    least: int = 0
    most: int | None = None

    @property
    def schema(self) -> Json:
        """A string."""
        bounds = {"minLength": self.least, "maxLength": self.most}
        return {"type": "string"} | {name: bound for name, bound in bounds.items() if bound}

    def of_text(self, text: str, name: str) -> str:
        """Take it, unless it is too long or too short."""
        if len(text) < self.least or (self.most is not None and len(text) > self.most):
            raise BadInput(f"{name} must have {self.least} to {self.most} characters.")
        return text

    def of_part(self, part: Part, name: str) -> str:
        """Take a string."""
        return self.of_text(incoming.text_of(part, name), name)


@dataclass(frozen=True, slots=True)
class OneOf(Generic[Word]):
    """One of a few words."""

    words: type[Word]

    @property
    def schema(self) -> Json:
        """An enumeration."""
        return {"type": "string", "enum": [word.value for word in self.words]}

    def of_text(self, text: str, name: str) -> Word:
        """Find the word."""
        try:
            return self.words(text)
        except ValueError:
            raise BadInput(f"{name} must be one of: {', '.join(self.words)}.") from None

    def of_part(self, part: Part, name: str) -> Word:
        """Find the word."""
        return self.of_text(part.value if isinstance(part.value, str) else "", name)


@dataclass(frozen=True, slots=True)
class Several(Generic[Word]):
    """At least one of a few words, in an array."""

    words: type[Word]

    @property
    def schema(self) -> Json:
        """An array."""
        return {"type": "array", "minItems": 1, "items": OneOf(self.words).schema}

    def of_text(self, text: str, name: str) -> frozenset[Word]:
        """Read one word."""
        return frozenset({OneOf(self.words).of_text(text, name)})

    def of_part(self, part: Part, name: str) -> frozenset[Word]:
        """Read all words."""
        known, asked = {word.value for word in self.words}, part.value
        if not isinstance(asked, list) or not asked or not all(isinstance(one, str) and one in known for one in asked):
            raise BadInput(f"{name} must be an array of some of: {', '.join(self.words)}.")
        return frozenset(self.words(one) for one in asked)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    @property
    def schema(self) -> Json:
        """A boolean."""
        return {"type": "boolean"}

    def of_text(self, text: str, name: str) -> bool:
        """Read the word."""
        if text not in {"true", "false"}:
            raise BadInput(f"{name} must be true or false.")
        return text == "true"

    def of_part(self, part: Part, name: str) -> bool:
        """Read the word."""
        return self.of_text(part.text, name)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, ISO 8601, UTC unless it says otherwise; read as milliseconds since 1970."""

    @property
    def schema(self) -> Json:
        """A date and time."""
        return TIME

    def of_text(self, text: str, name: str) -> int:
        """Read it."""
        return incoming.moment(text, name)

    def of_part(self, part: Part, name: str) -> int:
        """Read it."""
        return self.of_text(incoming.text_of(part, name), name)


@dataclass(frozen=True, slots=True)
class Arguments:
    """A JSON array, handed on by its own bytes."""

    @property
    def schema(self) -> Json:
        """An array of anything."""
        return {"type": "array", "items": {}}

    def of_text(self, text: str, name: str) -> bytes | None:
        """Check the JSON; white space is none."""
        if not text.strip():
            return None
        try:
            part = json_text.parse(text.encode())
        except BadInput as error:
            raise BadInput(f"{name} of the query must be a JSON array, as in ?{name}=[1,%22two%22]. {error}") from None
        return self.of_part(part, name)

    def of_part(self, part: Part, name: str) -> bytes | None:  # noqa: ARG002 - there is one name for them
        """Check that it is an array."""
        return incoming.args_of(part)
