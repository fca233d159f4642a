"""Reads what the compiler guest says, and believes none of it: a source might have got hold of that guest.

What has not the shape of guests/compiler/README.md is a BrokenGuest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from host_api.compiler.unit import Form, Mark, Method, Reference, Unit, Use
from kernel.errors import BrokenGuest, SourceError
from kernel.principals import ME, is_name

_SHOWN = 500
"""Characters of a message that are passed on."""


def parse_answer(text: str, source: str) -> Unit:
    """Turn the guest's JSON into a unit; raise SourceError for a mistake in the source, BrokenGuest for any other."""
    try:
        answer = _object(json.loads(text))
        if answer["ok"] is not True:
            raise SourceError(_text(answer["message"])[:_SHOWN], _place(answer["line"]), _place(answer["column"]))
        return Unit(
            code=_text(answer["code"]),
            form=Form(_text(answer["form"])),
            name=_optional_text(answer["name"]),
            asynchronous=answer["async"] is True,
            references=tuple(_reference(item) for item in _list(answer["references"])),
            mapping=tuple(_marks(_list(answer["map"]))),
            methods=tuple(_methods(_list(answer["methods"]))),
            source=source,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BrokenGuest("The compiler gave an answer that cannot be read.") from error


def _reference(item: object) -> Reference:
    fields = _object(item)
    owner, version = _text(fields["owner"]), fields["version"]
    use = Use(_text(fields["use"]))
    name = _optional_text(fields["name"])
    if owner != owner.casefold() or not (owner == ME or is_name(owner)):
        raise ValueError(owner)
    if use is not Use.SECRET and (name is None or not is_name(name)):
        raise ValueError(name)
    pin = None if version is None else _integer(version)
    return Reference(owner, name, pin, use, _place(fields["line"]), _place(fields["column"]))


def _marks(items: Iterable[object]) -> Iterator[Mark]:
    for item in items:
        line, column, source_line, source_column, along = _list(item)
        yield Mark(_place(line), _place(column), _place(source_line), _place(source_column), along=along == 1)


def _methods(items: Iterable[object]) -> Iterator[Method]:
    for item in items:
        line, column, name = _list(item)
        yield Method(_place(line), _place(column), _optional_text(name))


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(value)
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def _place(value: object) -> int:
    number = _integer(value)
    if number < 1:
        raise ValueError(number)
    return number
