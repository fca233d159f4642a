"""The house: everything opened, and the one object that HTTP, mail, intervals and the command line call.

What is done in it stands in `evaluating/`: evaluating and saving.
It must never look into a value, nor decide what running code may touch: that is the membrane's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Self

from platformdirs import user_cache_dir

from host_api.capabilities import capabilities
from host_api.capabilities.api import Told
from host_api.compiler import Compiler
from host_api.compiler.guest import guest_of
from host_api.evaluating import Entry, Evaluator, Outcome, Runner, Saver, Shared, Underway
from host_api.images import Images
from host_api.images.parts import Parts
from host_api.images.shelf import Shelf
from host_api.load.load import Load
from host_api.net.chain import Chains
from host_api.net.client import Client
from host_api.settings import Settings
from host_api.store import Store
from kernel.builder import Builder
from kernel.capability import Run
from kernel.capi import PINNED
from kernel.engine import Engine
from kernel.errors import BadSetting
from kernel.evaluation import Kernel
from kernel.image import Image

__all__ = ["BUILT", "Entry", "House", "Outcome"]

BUILDS = ("engine.wasm", "runtime.image", "compiler.image")
BUILT = Path(__file__).parent.parent / "guests" / "build"


class House:
    """Everything open. Use `async with House.open(settings)`.

    `evaluate` is Evaluator's; `save`, `fork` and `named` are Saver's.
    """

    def __init__(
        self, settings: Settings, store: Store, kernel: Kernel, compiling: Kernel, client: Client, shelf: Shelf
    ) -> None:
        """Use `House.open`."""
        self.settings, self.store = settings, store
        self._kernel, self._compiling, self._client = kernel, compiling, client
        kernel.most_guests = compiling.most_guests = settings.guests_alive
        self.load = Load(
            store, evaluations=settings.evaluations, concurrency=settings.concurrency, backlog=settings.backlog
        )
        self.underway = Underway()
        compiler, chains = Compiler(guest_of(compiling), shelf=shelf), Chains(settings.api_chain, settings.limits.cpu)
        builder = Builder(kernel, settings.limits)
        self.images = Images(kernel, builder, Parts(store, compiler), shelf)
        powers = capabilities(store, compiler, self.images, client, settings.fetching, self._call)
        runner = Runner(Shared(settings, store, kernel, powers, self.underway), compiler, self.images, self.load)
        self._evaluator = Evaluator(settings, store, runner, self.load, chains)
        self.evaluate = self._evaluator.evaluate
        saver = Saver(settings, store, compiler, self.images, runner, chains)
        self.save, self.fork, self.named = saver.save, saver.fork, saver.named

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator[Self]:
        """Open the store and the engine; raise BadSetting that says what to do."""
        async with AsyncExitStack() as stack:
            store = stack.enter_context(settings.open_store())
            code, runtime, compiler = builds = [_built(name) for name in BUILDS]
            engine = stack.enter_context(Engine(code, Path(user_cache_dir("valgate", appauthor=False))))
            kernel = Kernel(engine, engine.program(Image.parse(runtime)))
            compiling = Kernel(engine, engine.program(Image.parse(compiler)), kernel.scheduler)
            client = await stack.enter_async_context(
                Client.open(settings.fetch_rules, settings.own_addresses, connections=settings.fetch_connections)
            )
            house = cls(settings, store, kernel, compiling, client, await _shelf(settings, store, builds))
            stack.push_async_callback(house.images.close)
            yield house

    async def _call(self, run: Run, named: tuple[str, str, int | None], args: bytes) -> Told:
        """Lend `api` the evaluator, which is made after what it runs with."""
        return await self._evaluator.call(run, named, args)

    @property
    def fetch_connections(self) -> int:
        """How many connections fetches have open."""
        return self._client.room.used

    @property
    def guests(self) -> int:
        """How many guests are alive, compilers too."""
        return self._kernel.guests + self._compiling.guests


async def _shelf(settings: Settings, store: Store, builds: Sequence[bytes]) -> Shelf:
    """Open the folder beside the database, for what these builds make; without the database's key nothing is kept in it."""
    built = sha256(b"".join(sha256(build).digest() for build in builds)).hexdigest()
    about, folder = f"{built}-{PINNED}", settings.database.with_name(f"{settings.database.name}.images")
    try:
        return Shelf(folder, await store.derived_key(b"images"), about, settings.images)
    except BadSetting:
        return Shelf(None, b"", about, 0)


def _built(name: str) -> bytes:
    try:
        return (BUILT / name).read_bytes()
    except OSError:
        raise BadSetting("The guest is not built: run `make guests`, or `python -m guests.build`.") from None
