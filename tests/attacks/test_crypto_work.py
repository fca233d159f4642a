"""The attacker's plan: cryptography is the host's work. Make it work for nothing, or for long, or on bytes that break it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_api.capabilities.crypto import UNDER_WAY, Crypto
from host_api.crypto.curves import Agree, EcdsaSign, EcdsaVerify, EdSign, EdVerify
from host_api.crypto.derive import Pbkdf2
from host_api.crypto.encoded import CURVES, pkcs8
from host_api.crypto.fields import pack, unpack
from host_api.crypto.hashing import Digest
from host_api.crypto.keys import KINDS, Build, GenerateCurve, GenerateRsa, Halve, Part, Take
from host_api.crypto.rsa import Oaep, RsaSign, RsaVerify
from host_api.crypto.work import Check, DataError, OperationError, Order, Work
from kernel.capability import Answer, Call, Later, Node, Run, Values
from kernel.errors import LimitError
from kernel.limits import Limits
from kernel.wire import Value
from tests.attacks.siege import besiege, ended
from tests.kernel.stage import OWN, Recording
from tests.semantics.live import Machine

HALF = replace(Limits(), cpu=0.5)
PASSWORD = 'const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);'


def iterating(iterations: str, bits: int = 256) -> str:
    return f'crypto.subtle.deriveBits({{ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(8), iterations: {iterations} }}, key, {bits})'


def call(limits: Limits = HALF) -> Call:
    return Call(
        Run("e", limits, Recording()), OWN, (), "@a.entry", Node(1, None, "@a", OWN.authority, "crypto", "?", "?")
    )


async def perform(work: Work, where: Call, crypto: Crypto) -> Answer:
    return await crypto.perform(Order(work), where)


async def later(answer: Answer) -> Value:
    assert isinstance(answer.reply, Later)
    return await answer.reply.work()


# -- for nothing ------------------------------------------------------------------------------------------

ATTACKS = {
    "one derivation that takes an hour": ("LimitError limit", f"{PASSWORD} return await {iterating('2 ** 32 - 1')}"),
    "one derivation whose output is long": (
        "LimitError limit",
        f"{PASSWORD} return await {iterating('1000', 8 * 1024 * 1024)}",
    ),
    "many derivations at once": (
        "LimitError limit cpu_limit",
        f"{PASSWORD} return Promise.all(Array.from({{ length: 500 }}, () => {iterating('20000')}))",
    ),
    "derivations without end": ("LimitError limit cpu_limit", f"{PASSWORD} for (;;) await {iterating('20000')}"),
    "many RSA keys": (
        "LimitError limit cpu_limit",
        """
        const it = { name: "RSA-PSS", hash: "SHA-1", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
        return Promise.all(Array.from({ length: 50 }, () => crypto.subtle.generateKey(it, false, ["sign"])))""",
    ),
    "many hashes of a megabyte": (
        "LimitError limit cpu_limit",
        """
        const data = new Uint8Array(1000000), all = [];
        for (;;) all.push(await crypto.subtle.digest("SHA-512", data))""",
    ),
    "a key of another size than is made": (
        "OperationError",
        """
        const it = { name: "RSA-PSS", hash: "SHA-1", modulusLength: 16384, publicExponent: new Uint8Array([1, 0, 1]) };
        return crypto.subtle.generateKey(it, false, ["sign"])""",
    ),
    "small work without end": (
        "LimitError limit cpu_limit",
        'for (;;) await crypto.subtle.digest("SHA-1", new Uint8Array(1))',
    ),
    "refusals without end": (
        "LimitError limit cpu_limit",
        'for (;;) await crypto.subtle.importKey("raw", new Uint8Array(32), "Ed25519", true, ["sign"]).catch(() => {})',
    ),
    "more than a message carries": (
        "LimitError limit",
        'return crypto.subtle.digest("SHA-1", new Uint8Array(2 ** 21))',
    ),
    "randomness without end": ("cpu_limit", "for (;;) crypto.getRandomValues(new Uint8Array(65536))"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_it_is_refused_and_others_are_served_meanwhile(engine_room: Machine, tmp_path: Path, name: str) -> None:
    ends, code = ATTACKS[name]
    assert ended(await besiege(engine_room, tmp_path, code)) in ends.split()


async def test_the_allowance_is_the_processor_time_and_what_does_not_fit_is_not_begun() -> None:
    crypto, where = Crypto(), call()
    work = Pbkdf2("SHA-256", b"", b"", 500_000, 32)
    assert 200_000 < work.price() < 250_000
    for _ in range(2):
        reply = (await perform(work, where, crypto)).reply
        assert isinstance(reply, Later)
        await reply.work()
    with pytest.raises(LimitError, match="500000 microseconds of cryptography"):
        await perform(work, where, crypto)
    assert where.run.spent["crypto"] == 2 * work.price()


async def test_small_work_is_paid_too() -> None:
    crypto, where = Crypto(), call()
    answer = await perform(Digest("SHA-1", b""), where, crypto)
    assert isinstance(answer.reply, Values)
    assert not answer.recorded
    assert where.run.spent["crypto"] == Digest("SHA-1", b"").price() > 0


class Panic(BaseException):
    """What the library's Rust would raise: no Exception."""


@dataclass(frozen=True)
class Panicking:
    cost: int
    name: ClassVar[str] = "panic"
    shape: ClassVar[tuple[Check, ...]] = ()

    def price(self) -> int:
        return self.cost

    def do(self) -> bytes:
        raise Panic


async def test_a_panic_of_the_library_is_a_failure_of_the_host_like_any_other() -> None:
    with pytest.raises(RuntimeError):
        await perform(Panicking(1), call(), Crypto())
    answer = await perform(Panicking(1000), call(), Crypto())
    assert isinstance(answer.reply, Later)
    with pytest.raises(RuntimeError):
        await answer.reply.work()


# -- for long ---------------------------------------------------------------------------------------------


async def test_who_has_as_much_under_way_as_one_may_waits_and_others_do_not() -> None:
    crypto, mine, others = Crypto(), call(), call()
    long, short = Pbkdf2("SHA-256", b"", b"", 150_000, 32), Digest("SHA-1", bytes(500_000))
    under_way = [asyncio.ensure_future(later(await perform(long, mine, crypto))) for _ in range(UNDER_WAY)]
    third = asyncio.ensure_future(perform(short, mine, crypto))
    other = asyncio.ensure_future(perform(short, others, crypto))
    await other
    assert not third.done()
    await later(await third)
    assert any(work.done() for work in under_way)
    await asyncio.gather(*under_way, later(other.result()))


async def test_work_that_nobody_waits_for_any_more_gives_its_place_back() -> None:
    crypto, where = Crypto(), call()
    for _ in range(3 * UNDER_WAY):
        answer = await perform(
            Take(kind="P-384", private=False, key=b"no key"), where, crypto
        )  # refused, and nobody looks
        assert isinstance(answer.reply, Later)
    while True:  # the last ones end by themselves
        await asyncio.sleep(0)
        places = where.run.state["crypto"]
        assert isinstance(places, asyncio.Semaphore)
        if not places.locked():
            break


# -- bytes that break it ------------------------------------------------------------------------------------

PRIVATE = {kind: (GenerateRsa(1024, 65537) if kind == "RSA" else GenerateCurve(kind)).do() for kind in KINDS}
PUBLIC = {kind: Halve(kind, key).do() for kind, key in PRIVATE.items()}
EDIT = st.tuples(st.integers(0, 3), st.integers(0, 700), st.binary(max_size=12))


def edited(raw: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Overwrite, insert, delete and cut off."""
    for kind, where, what in edits:
        at = where % (len(raw) + 1)
        rest = {0: what + raw[at + len(what) :], 1: what + raw[at:], 2: raw[at + len(what) :], 3: b""}[kind]
        raw = raw[:at] + rest
    return raw


def uses(kind: str, key: bytes, *, private: bool) -> list[Work]:
    """Everything that is done with a key of this kind."""
    all_of: list[Work] = [Take(kind, private, key), Part(kind, private, key)]
    if private:
        all_of.append(Halve(kind, key))
    if kind == "RSA" and private:
        all_of += [RsaSign("RSA-PSS", "SHA-1", 20, key, b""), RsaSign("RSASSA-PKCS1-v1_5", "SHA-512", 0, key, b"")]
        all_of.append(Oaep(seal=False, hash="SHA-256", label=b"", key=key, data=bytes(128)))
    elif kind == "RSA":
        all_of += [
            RsaVerify("RSA-PSS", "SHA-1", 512, key, bytes(128), b""),
            Oaep(seal=True, hash="SHA-1", label=b"", key=key, data=b"x"),
        ]
    elif kind in CURVES:
        all_of.append(
            EcdsaSign(kind, "SHA-1", key, b"") if private else EcdsaVerify(kind, "SHA-1", key, bytes(132), b"")
        )
    elif kind == "Ed25519":
        all_of.append(EdSign(key, b"") if private else EdVerify(key, bytes(64), b""))
    if kind not in ("RSA", "Ed25519"):
        all_of.append(Agree(kind, key, PUBLIC[kind]) if private else Agree(kind, PRIVATE[kind], key))
    return all_of


def insist_done_or_refused(work: Work) -> bool:
    """Do it; anything but an answer, a DataError or an OperationError is a failure. Say whether it was done."""
    assert work.price() > 0
    try:
        work.do()
    except (DataError, OperationError):
        return False
    return True


HALVES = st.sampled_from([(kind, half) for kind in KINDS for half in ("private", "public")])


@given(HALVES, st.lists(EDIT, max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_broken_encodings_of_keys_are_refused(of: tuple[str, str], edits: list[tuple[int, int, bytes]]) -> None:
    kind, private = of[0], of[1] == "private"
    key = edited((PRIVATE if private else PUBLIC)[kind], edits)
    for work in uses(kind, key, private=private):
        insist_done_or_refused(work)


@given(HALVES, st.integers(-1, 7), st.lists(EDIT, max_size=2))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_broken_numbers_of_keys_are_refused(
    of: tuple[str, str], which: int, edits: list[tuple[int, int, bytes]]
) -> None:
    kind, private = of[0], of[1] == "private"
    fields = unpack(Part(kind, private, (PRIVATE if private else PUBLIC)[kind]).do())
    if which < 0:
        packed = edited(pack(*fields), edits)
    else:
        fields[which % len(fields)] = edited(fields[which % len(fields)], edits)
        packed = pack(*fields)
    insist_done_or_refused(Build(kind, private, packed))


def written(p: int, q: int, e: int = 65537, *, off: int = 0) -> bytes:
    """An RSA key of these numbers, as they are; `off` is added to one that follows from the others."""
    d = pow(e, -1, math.lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1) + off, d % (q - 1), pow(q, -1, p), public)
    return pkcs8(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def composite(bits: int) -> bytes:
    """An RSA key whose numbers belong together, but p and q are no primes: OpenSSL's own check, left out, would see that."""
    p, q = 3 ** int(bits / 2 / math.log2(3)), (1 << (bits // 2 + 1)) - 1
    while math.gcd(65537, (p - 1) * (q - 1)) > 1 or math.gcd(p, q) > 1:
        q -= 2
    return written(p, q)


P521, P607, P1279 = ((1 << bits) - 1 for bits in (521, 607, 1279))
"""Mersenne's primes."""


def test_a_key_of_numbers_that_belong_together_is_taken() -> None:
    assert Take(kind="RSA", private=True, key=written(P521, P607)).do()


UNSOUND = {
    "a number that does not follow from the others": written(P521, P607, off=2),
    "halves of very different sizes": written(P521, P1279),
    "a modulus that is too small": written((1 << 107) - 1, P607),
    "a modulus that is too large": written(P1279, (1 << 3217) - 1),
    "an exponent that is too large": written(P521, P607, (1 << 64) + 13),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_numbers_whose_arithmetic_has_no_known_price_are_never_used(what: str) -> None:
    for work in uses("RSA", UNSOUND[what], private=True):
        with pytest.raises(DataError):
            work.do()


def test_a_key_of_numbers_that_are_not_prime_is_not_taken_and_harms_nobody() -> None:
    key = composite(1024)
    with pytest.raises(DataError, match="do not belong together"):
        Take(kind="RSA", private=True, key=key).do()
    with pytest.raises(DataError, match="do not belong together"):
        Build(kind="RSA", private=True, fields=Part(kind="RSA", private=True, key=key).do()).do()
    for work in uses("RSA", key, private=True):
        insist_done_or_refused(work)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_of_one_kind_is_none_of_another(kind: str) -> None:
    for other in set(KINDS) - {kind}:
        assert not insist_done_or_refused(Take(kind=kind, private=True, key=PRIVATE[other]))
        assert not insist_done_or_refused(Take(kind=kind, private=False, key=PUBLIC[other]))


def test_a_key_larger_than_any_is_refused_before_it_is_read() -> None:
    big = bytes(5000)
    for number in (13, 14, 15):
        with pytest.raises(DataError):
            Crypto.parsers[number](("RSA", True, big))


MANGLING = """
const { subtle } = crypto, seen = {};
let state = 7;
const chance = (n) => (state = (state * 48271) % 2147483647) % n;
const odd = [undefined, null, "", "x", "AQAB", "=", 1, {}, [], true, "A".repeat(3000), "__proto__", "oct", "RSA", "EC", "OKP", ["sign", "sign"], { toString() { throw 1 } }];
const kinds = [
  [{ name: "HMAC", hash: "SHA-256" }, ["sign"]], [{ name: "AES-GCM", length: 128 }, ["encrypt"]], [{ name: "ECDSA", namedCurve: "P-256" }, ["sign"]],
  [{ name: "Ed25519" }, ["sign"]], [{ name: "ECDH", namedCurve: "P-256" }, ["deriveBits"]],
  [{ name: "RSA-PSS", hash: "SHA-256", modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) }, ["sign"]],
];
for (const [algorithm, usages] of kinds) {
  const made = await subtle.generateKey(algorithm, true, usages), jwk = await subtle.exportKey("jwk", made.privateKey ?? made), names = Object.keys(jwk);
  for (let i = 0; i < 60; i++) {
    const broken = { ...jwk };
    for (let j = chance(3); j >= 0; j--) broken[names[chance(names.length)]] = chance(3) ? odd[chance(odd.length)] : jwk[names[chance(names.length)]];
    try { await subtle.importKey("jwk", broken, algorithm, true, usages); seen.taken = true } catch (error) { seen[error?.name ?? error] = true }
  }
}
return Object.keys(seen).sort().join()
"""


async def test_broken_jwks_have_no_other_errors_than_the_standards(engine_room: Machine, tmp_path: Path) -> None:
    outcome = await besiege(engine_room, tmp_path, MANGLING, replace(Limits(), cpu=10.0))
    assert outcome.error is None, outcome.error
    names = set(outcome.json.decode().strip('"').split(","))
    assert names <= {"1", "taken", "DataError", "SyntaxError", "TypeError", "NotSupportedError"}
    assert "DataError" in names
