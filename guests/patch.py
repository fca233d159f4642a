"""Changes to quickjs.c that the glue cannot make from outside. They are patterns of ours: the source itself is fetched, and not kept here.

What booted is immortal: its count of references is never written, so that a guest that uses it leaves its pages as they are in the
image, shared by all guests and restored for nobody. `guests/engine/image.c` marks what is immortal.
"""

from __future__ import annotations

import re

COUNTS = """
/* A count that stands for ever: see image.c. */
#define JS_IMMORTAL (1 << 30)
static inline void js_hold(const void *p) { int *count = &JS_REF_COUNT(p); if (*count < JS_IMMORTAL) ++*count; }
static inline int js_let_go(const void *p) { int *count = &JS_REF_COUNT(p); return *count < JS_IMMORTAL ? --*count : *count; }
"""

RULES: tuple[tuple[str, str, int], ...] = (
    (r"JS_REF_COUNT\((\w+(?:->\w+)?)\)\+\+", r"js_hold(\1)", 19),
    (r"--JS_REF_COUNT\((\w+)\)", r"js_let_go(\1)", 7),
    (r"JS_REF_COUNT\((\w+)\)--", r"js_let_go(\1)", 2),
    (r"(#define JS_GC_MARK\(p\) .*\n)", rf"\1{COUNTS}", 1),
)
"""Each a pattern, what stands in its place, and how often it must be found: another version of the source wants another look."""


class PatchError(Exception):
    """The source is not the one that the rules were written for."""


def patched(source: str) -> str:
    """Return quickjs.c as the glue includes it; raise PatchError."""
    for pattern, replacement, wanted in RULES:
        source, found = re.subn(pattern, replacement.replace("\\n", "\n"), source)
        if found != wanted:
            raise PatchError(f"quickjs.c has {found} places like {pattern!r}, and {wanted} were known")
    return source
