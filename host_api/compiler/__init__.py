"""The compiler: a val's source becomes a unit that guests can run, and every name in it is known.

The work is done by `guests/compiler` in a guest without handles; this package asks it, checks its answer and keeps it.
It must never read a val's source itself.
"""

from host_api.compiler.compiler import Compiler
from host_api.compiler.unit import Form, Reference, Unit, Use

__all__ = ["Compiler", "Form", "Reference", "Unit", "Use"]
