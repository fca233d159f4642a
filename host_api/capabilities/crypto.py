"""crypto: hashes, signatures and ciphers, done by the host's library.

    await crypto.subtle.digest("SHA-256", bytes);  await crypto.subtle.verify("HMAC", key, signature, body)

Authority: none. It acts on the bytes it is given and keeps nothing: a key lives in the guest that has it, as raw bytes, PKCS#8 or
SubjectPublicKeyInfo. So every frame may use it, and no access is asked for. Fresh random bytes are no host call at all: they are
the pure import `kernel.random`.
The operations are the classes of `host_api/crypto`, numbered below. A refusal is a DataError or an OperationError, as the Web
Cryptography API names them, or a TypeError for what the runtime would not have sent. Nothing is recorded one by one but refusals:
there is no effect, and thousands of hashes say nothing.
Who pays: the evaluation, before the work begins, out of an allowance as large as its processor time: microseconds, as each piece
of work estimates its own price. What would not fit is a LimitError, and nothing of it is done. Small work is done at once; the rest
goes to two threads that all evaluations share, and of one evaluation two pieces at most are there or wait for them: who asks for a
third, waits. What is under way when an evaluation ends, ends by itself, and is paid.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from host_api.crypto.aes import Cbc, Ctr, Gcm, Wrap
from host_api.crypto.curves import Agree, EcdsaSign, EcdsaVerify, EdSign, EdVerify
from host_api.crypto.derive import Hkdf, Pbkdf2
from host_api.crypto.hashing import Digest, HmacSign, HmacVerify
from host_api.crypto.keys import Build, GenerateCurve, GenerateRsa, Halve, Part, Take
from host_api.crypto.rsa import Oaep, RsaSign, RsaVerify
from host_api.crypto.work import Order, Work, order
from kernel.capability import Answer, Call, Later, Operation, Run, Values
from kernel.errors import BadRequest
from kernel.principals import Frame
from kernel.wire import Value

AT_ONCE = 300
"""Microseconds of work that keep the event loop; handing it to a thread costs as much."""
THREADS = 2
UNDER_WAY = 2
"""Pieces of work that one evaluation may have in a thread or waiting for one: others' turn comes, and little is held for it."""
UNIT = "microseconds of cryptography (as estimated before it is done)"

KINDS: dict[int, type[Work]] = {
    1: Digest,
    2: HmacSign,
    3: HmacVerify,
    4: Gcm,
    5: Cbc,
    6: Ctr,
    7: Wrap,
    8: Pbkdf2,
    9: Hkdf,
    10: GenerateRsa,
    11: GenerateCurve,
    12: Halve,
    13: Take,
    14: Build,
    15: Part,
    16: RsaSign,
    17: RsaVerify,
    18: Oaep,
    19: EcdsaSign,
    20: EcdsaVerify,
    21: EdSign,
    22: EdVerify,
    23: Agree,
}


class Crypto:
    """The capability."""

    name = "crypto"
    parsers: Mapping[int, Callable[[tuple[Value, ...]], Operation]] = {
        number: order(kind) for number, kind in KINDS.items()
    }

    def __init__(self) -> None:
        """Prepare the threads; none is started before there is work."""
        self._threads = ThreadPoolExecutor(THREADS, "crypto")

    def grant(self, frame: Frame) -> bool:  # noqa: ARG002 - everybody may hash
        """Every guest may use it."""
        return True

    async def perform(self, operation: Operation, call: Call) -> Answer:
        """Take the price; then do it, or promise to."""
        if not isinstance(operation, Order):
            raise BadRequest("crypto has no such operation")
        work, run = operation.work, call.run
        price = work.price()
        run.spend("crypto", price, int(run.limits.cpu * 1e6), UNIT)
        if price <= AT_ONCE:
            return Answer(Values((operation.run(),)), recorded=False)
        places = _places(run)
        await places.acquire()
        doing = asyncio.get_running_loop().run_in_executor(self._threads, operation.run)
        doing.add_done_callback(lambda done: _done(done, places))
        return Answer(Later(lambda: doing), recorded=False)


def _places(run: Run) -> asyncio.Semaphore:
    places = run.state.setdefault("crypto", asyncio.Semaphore(UNDER_WAY))
    assert isinstance(places, asyncio.Semaphore)  # noqa: S101 - for the type checker
    return places


def _done(doing: asyncio.Future[Value], places: asyncio.Semaphore) -> None:
    """Free its place, also when nobody waits for it any more: then what it raised concerns nobody."""
    places.release()
    if not doing.cancelled():
        doing.exception()
