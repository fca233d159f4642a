"""A mail server that speaks TLS: it is spoken to in secret, and only if it is who it should be."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from host_api.mail.sender import Post
from host_api.mail.server import Server
from host_api.store import Stage, Store
from tests.mail.office import SENDER, Office, delivery, sender, write


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a certificate for 127.0.0.1; return its file and what a server does with it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "office")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    own, both = folder / "own.pem", folder / "both.pem"
    own.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    both.write_bytes(own.read_bytes() + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return own, context


@pytest.mark.parametrize("starttls", ["always", "auto"])
async def test_a_connection_is_made_secret_before_anything_is_said(
    office: Office, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starttls: str
) -> None:
    trusted, office.tls = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    await write(store)
    server = Server.parse(f"smtp://valgate:right@127.0.0.1:{office.port}?starttls={starttls}")
    await sender(store, Post(server, SENDER)).round()
    assert (delivery(store).stage, office.secret, len(office.logins)) == (Stage.SENT, [True], 1)


@pytest.mark.parametrize("starttls", ["always", "auto"])
async def test_a_stranger_in_the_place_of_the_mail_server_gets_nothing(
    office: Office, store: Store, tmp_path: Path, starttls: str
) -> None:
    _, office.tls = certificate(tmp_path)
    await write(store)
    server = Server.parse(f"smtp://valgate:right@127.0.0.1:{office.port}?starttls={starttls}")
    await sender(store, Post(server, SENDER)).round()
    assert (delivery(store).stage, office.got, office.logins) == (Stage.WAITING, [], [])
    assert "cannot be reached" in (delivery(store).error or "")


async def test_smtps_is_secret_from_the_first_byte(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    office = Office()
    listening = await asyncio.get_running_loop().create_server(office.make, "127.0.0.1", 0, ssl=context)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        await write(store)
        await sender(store, Post(Server.parse(f"smtps://127.0.0.1:{port}"), SENDER)).round()
    assert delivery(store).stage is Stage.SENT
