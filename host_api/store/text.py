"""Text that the database can keep: Unicode, without halves of characters."""

from __future__ import annotations


def well_formed(text: str | None) -> str | None:
    """Replace lone surrogates, which JavaScript allows and UTF-8 does not."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
