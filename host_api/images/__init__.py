"""Images of vals: a heap in which a val, and those of the same author that it names, are loaded already."""

from host_api.images.images import Images, Prepared
from host_api.images.parts import Part

__all__ = ["Images", "Part", "Prepared"]
