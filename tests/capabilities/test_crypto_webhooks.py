"""crypto: the checks of webhooks and tokens as people wrote them in 2023."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.capabilities.guest_crypto import PRELUDE
from tests.semantics.live import PUBLIC, World

STRIPE = """async (header, body, secret) => {
  const enc = new TextEncoder();
  const parts = Object.fromEntries(header.split(",").map((part) => part.split("=")));
  const key = await crypto.subtle.importKey("raw", enc.encode(secret), { name: "HMAC", hash: { name: "SHA-256" } }, false, ["verify"]);
  const signature = new Uint8Array(parts.v1.match(/.{1,2}/g).map((byte) => parseInt(byte, 16)));
  return crypto.subtle.verify("HMAC", key, signature, enc.encode(`${parts.t}.${body}`));
}"""
GITHUB = """async (header, body, secret) => {
  let encoder = new TextEncoder();
  let algorithm = { name: "HMAC", hash: { name: 'SHA-256' } };
  let key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign", "verify"]);
  let sigHex = header.split("=")[1];
  let bytes = new Uint8Array(sigHex.length / 2);
  for (let i = 0, at = 0; i < sigHex.length; i += 2, at++) bytes[at] = parseInt(sigHex.slice(i, i + 2), 16);
  return await crypto.subtle.verify(algorithm.name, key, bytes, encoder.encode(body));
}"""
TOKEN = """async (token, jwk) => {
  const [head, body, signature] = token.split(".");
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["verify"]);
  const signed = Uint8Array.from(`${head}.${body}`, (c) => c.charCodeAt(0));
  return (await crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, bytes(signature), signed)) && JSON.parse(atob(body)).sub;
}"""
ETAG = """async (text) => {
  const hash = await crypto.subtle.digest("SHA-1", Uint8Array.from(text, (c) => c.charCodeAt(0)));
  return Array.from(new Uint8Array(hash)).map((b) => b.toString(16).padStart(2, "0")).join("");
}"""
BODY = '{"id":"evt_1","amount":2000}'
SECRET = "whsec_test_secret"


def sign(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("check", "header"),
    [(STRIPE, f"t=1683200000,v1={sign('1683200000.' + BODY)},v0=00"), (GITHUB, f"sha256={sign(BODY)}")],
    ids=["Stripe", "GitHub"],
)
async def test_a_webhook_is_checked(world: World, check: str, header: str) -> None:
    await world.save("B", check, PUBLIC, "check")
    call = f"@B.check({header!r}, %s, {SECRET!r})"
    assert await world.eval(f"return Promise.all([{call % repr(BODY)}, {call % repr(BODY + ' ')}])") == [True, False]


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_a_token_is_checked_against_a_published_key(world: World) -> None:
    key = rsa.generate_private_key(65537, 2048)
    n = key.public_key().public_numbers().n
    jwk = {"kty": "RSA", "use": "sig", "kid": "k1", "alg": "RS256", "n": base64url(n.to_bytes(256, "big")), "e": "AQAB"}
    signed = f"{base64url(json.dumps({'alg': 'RS256'}).encode())}.{base64url(json.dumps({'sub': 'me'}).encode())}"
    token = f"{signed}.{base64url(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
    await world.save("B", TOKEN, PUBLIC, "token")
    calls = [f"@B.token({text!r}, {json.dumps(jwk)})" for text in (token, token.replace(".", ".x", 1))]
    assert await world.eval(f"{PRELUDE} return Promise.all([{', '.join(calls)}])") == ["me", False]


async def test_a_text_is_hashed_for_an_etag(world: World) -> None:
    await world.save("B", ETAG, PUBLIC, "etag")
    assert await world.eval('@B.etag("hello")') == hashlib.sha1(b"hello").hexdigest()  # noqa: S324
