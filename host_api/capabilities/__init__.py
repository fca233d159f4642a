"""What guests may be granted: one file each, and a line here."""

from __future__ import annotations

from host_api.capabilities.api import Api, Runs
from host_api.capabilities.clock import Clock
from host_api.capabilities.console import Console
from host_api.capabilities.crypto import Crypto
from host_api.capabilities.fetch import Fetch
from host_api.capabilities.mail import Mail
from host_api.capabilities.secret import Secret
from host_api.capabilities.serve import Serve
from host_api.capabilities.val import Vals
from host_api.compiler import Compiler
from host_api.images import Images
from host_api.net.client import Client
from host_api.net.limits import Fetching
from host_api.store import Store
from kernel.capability import Capability


def capabilities(
    store: Store, compiler: Compiler, images: Images, client: Client, fetching: Fetching, runs: Runs
) -> tuple[Capability, ...]:
    """Return every capability of the house, with its powers."""
    return (
        Console(),
        Clock(),
        Crypto(),
        Fetch(client, fetching),
        Mail(store),
        Secret(store),
        Serve(),
        Vals(store, compiler, images),
        Api(runs),
    )
