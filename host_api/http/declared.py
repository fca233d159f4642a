"""What a route declares of its requests and answers: fields of the query, members and kinds of the body, replies.

A field is read by the same value that describes it, so what the description promises is what is checked.
This file knows no route.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from aiohttp import web

from host_api.http import incoming
from host_api.http.json_text import Document
from host_api.http.kinds import Kind, Read_co
from host_api.http.schemas import Json
from kernel.errors import BadInput

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Field(Generic[Read_co]):
    """A named value of the query or of a JSON object; there null is absent if it is `nullable` and not `required`.

    `usual` is what its absence means, for whoever reads about it.
    """

    name: str
    kind: Kind[Read_co]
    about: str = ""
    required: bool = False
    repeatable: bool = False
    nullable: bool = True
    usual: object = None

    @property
    def schema(self) -> Json:
        """As OpenAPI writes it."""
        plain = {"type": "array", "items": self.kind.schema} if self.repeatable else self.kind.schema
        return plain if self.usual is None else plain | {"default": self.usual}

    def asked(self, request: web.Request) -> Read_co | None:
        """Read it from the query (of two the last); absent and empty are none."""
        text = incoming.query(request, self.name)
        return self.kind.of_text(text, self.name) if text else None

    def insist_asked(self, request: web.Request) -> Read_co:
        """Read it from a query that must have it."""
        text = incoming.query(request, self.name)
        if text is None:
            raise BadInput(f"{self.name} must be given, as in ?{self.name}=…")
        return self.kind.of_text(text, self.name)

    def all_asked(self, request: web.Request) -> list[Read_co]:
        """Read each one of the query, in order; empty is none."""
        return [self.kind.of_text(text, self.name) for text in incoming.queries(request, self.name) if text]

    def given(self, document: Document) -> Read_co | None:
        """Read it from an object; absent is none."""
        part = document.members.get(self.name)
        return None if part is None or (part.value is None and self.nullable) else self.kind.of_part(part, self.name)

    def insist(self, document: Document) -> Read_co:
        """Read it from an object that must have it."""
        part = document.members.get(self.name)
        if part is None:
            raise BadInput(f"{self.name!r} must be given.")
        return self.kind.of_part(part, self.name)


@dataclass(frozen=True, slots=True)
class Body:
    """What a body may be: a schema for each content type. Whatever is declared, what reads as JSON is read as JSON.

    `example` is what the page offers to try: it must do no harm.
    """

    content: Mapping[str, Json]
    required: bool = True
    example: object = None

    @classmethod
    def of(
        cls,
        *members: Field[object],
        required: bool = True,
        also: Mapping[str, Json] | None = None,
        example: object = None,
    ) -> Body:
        """Describe a JSON object with these members; others are ignored."""
        return cls({JSON: object_of(members)} | dict(also or {}), required, example)


def object_of(members: tuple[Field[object], ...]) -> Json:
    """Describe an object: members that are not named are ignored."""
    schema: Json = {"type": "object", "properties": {one.name: _member(one) for one in members}}
    required = [one.name for one in members if one.required]
    return schema | {"required": required} if required else schema


def _member(one: Field[object]) -> Json:
    schema = one.schema if one.required or not one.nullable else {"anyOf": [one.schema, {"type": "null"}]}
    return schema | {"description": one.about} if one.about else schema


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: what it means, its body (None: there is none), and headers by their names in the description.

    `or_else` is the content type of what a val may answer in its place.
    """

    about: str
    schema: Json | None = None
    media: str = JSON
    headers: tuple[str, ...] = ()
    or_else: str | None = None
