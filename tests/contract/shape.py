"""What JSON must look like, as data, and what is wrong with it: strict, so that a surplus key is a fault too.

A shape is one of these:
a dict (exactly these keys; a name ending in `?` may be absent), a list of one shape (an array of it), a tuple of shapes
(any of them), a type (exactly it: a bool is no int), None (null), a predicate, or a text or number (itself).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

Shape = Mapping[str, "Shape"] | list["Shape"] | tuple["Shape", ...] | type | None | Callable[[object], bool] | str | int


def faults(value: object, shape: Shape, at: str = "$") -> Iterator[str]:
    """Say what is wrong, and where; nothing if all is right."""
    match shape:
        case Mapping():
            yield from _object_faults(value, shape, at)
        case list():
            yield from _array_faults(value, shape[0], at)
        case tuple():
            if all(any(faults(value, one, at)) for one in shape):
                yield f"{at}: {value!r} is none of {len(shape)} shapes"
        case _:
            if not _is_leaf(value, shape):
                yield f"{at}: {value!r} is not {getattr(shape, '__name__', repr(shape))}"


def insist(value: object, shape: Shape) -> None:
    """Fail with every fault at once."""
    found = list(faults(value, shape))
    assert not found, "\n".join(found)


def _is_leaf(value: object, shape: Shape) -> bool:
    if isinstance(shape, type):
        return type(value) is shape
    if callable(shape):
        return shape(value)
    return type(value) is type(shape) and value == shape


def _object_faults(value: object, shape: Mapping[str, Shape], at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {value!r} is no object"
        return
    names = {name.removesuffix("?"): one for name, one in shape.items()}
    needed = {name for name in shape if not name.endswith("?")}
    yield from (f"{at}.{name}: is missing" for name in sorted(needed - value.keys()))
    yield from (f"{at}.{name}: is surplus" for name in sorted(value.keys() - names.keys()))
    for name in names.keys() & value.keys():
        yield from faults(value[name], names[name], f"{at}.{name}")


def _array_faults(value: object, shape: Shape, at: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{at}: {value!r} is no array"
        return
    for index, item in enumerate(value):
        yield from faults(item, shape, f"{at}[{index}]")


def anything(_: object) -> bool:
    return True


def uuid(value: object) -> bool:
    """Written as everybody writes one: lower case, with hyphens."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def matching(pattern: str) -> Callable[[object], bool]:
    """A text that matches from end to end."""
    compiled = re.compile(pattern)

    def matches(value: object) -> bool:
        return isinstance(value, str) and compiled.fullmatch(value) is not None

    matches.__name__ = pattern
    return matches


def natural(value: object) -> bool:
    """A whole number from 0."""
    return type(value) is int and value >= 0


def empty(value: object) -> bool:
    """An array without items."""
    return value == [] and isinstance(value, list)


def sentence(value: object) -> bool:
    """One line that says something."""
    return isinstance(value, str) and value.strip() != "" and "\n" not in value
