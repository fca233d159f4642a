"""How a mail server is named, and that its password is nowhere to be read."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import structlog

from host_api.mail.server import Server, StartTls
from host_api.settings import Settings
from host_api.store import Stage, Store
from kernel.errors import BadSetting
from tests.mail.office import Office, delivery, sender, write

PASSWORD = "hunter2-very-secret"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, as a server writes it."""
    written, kept = io.StringIO(), structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(written),
        cache_logger_on_first_use=False,
    )
    yield written
    structlog.configure(**kept)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://relay", Server("relay", 587, tls=False, starttls=StartTls.AUTO)),
        ("smtp://relay:25/?starttls=never", Server("relay", 25, tls=False, starttls=StartTls.NEVER)),
        ("smtps://relay", Server("relay", 465, tls=True, starttls=StartTls.NEVER)),
        ("smtp://u:p@relay", Server("relay", 587, tls=False, starttls=StartTls.ALWAYS, user="u", password="p")),
        (
            "smtp://u%40x:p%2F%C3%A4@relay?starttls=auto",
            Server("relay", 587, tls=False, starttls=StartTls.AUTO, user="u@x", password="p/ä"),
        ),
        ("smtp://[::1]:2525", Server("::1", 2525, tls=False, starttls=StartTls.AUTO)),
    ],
)
def test_an_address_is_read(text: str, server: Server) -> None:
    assert Server.parse(text) == server
    assert repr(server).count("password") == 0


@pytest.mark.parametrize(
    "text",
    [
        "relay:25", "http://relay", "smtp://", "smtp://relay/path", "smtp://relay:0x", "smtp://relay:99999", "smtp://relay?tls=1",
        "smtp://relay?starttls=perhaps", "smtp://relay?starttls", "smtps://relay?starttls=always", "smtp://u@relay", "smtp://:p@relay",
        "smtp://u:p%0d%0aRCPT@relay", "smtp://re lay", "smtp://u:%ff@relay", "smtp://relay#x",
    ],
)  # fmt: skip
def test_what_names_no_server_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadSetting, match=r"VALGATE_SMTP_URL takes smtp://.*, not what it holds\.") as refused:
        Settings.load({"VALGATE_SMTP_URL": text})
    assert refused.value.__suppress_context__


def test_the_password_is_not_shown() -> None:
    settings = Settings.load({"VALGATE_SMTP_URL": f"smtp://valgate:{PASSWORD}@relay"})
    assert settings.smtp_url is not None
    assert settings.smtp_url.password == PASSWORD
    shown = {name: value for name, value, _, _ in settings.describe()}
    assert shown["VALGATE_SMTP_URL"] == "smtp://valgate:***@relay:587?starttls=always"
    assert PASSWORD not in repr(settings) + repr(settings.smtp_url) + str(settings.describe())


@pytest.mark.parametrize(
    ("given", "domain", "sender"),
    [
        ({}, "localhost", "valgate@localhost"),
        ({"VALS_DOMAIN": "vals.example:8787"}, "vals.example", "valgate@vals.example"),
        ({"MAIL_DOMAIN": "in.example"}, "in.example", "valgate@in.example"),
        ({"MAIL_FROM": "a@b.example"}, "localhost", "a@b.example"),
    ],
)
def test_who_sends_and_where_vals_get_mail_follows_from_what_is_set(
    given: dict[str, str], domain: str, sender: str
) -> None:
    settings = Settings.load({f"VALGATE_{name}": text for name, text in given.items()})
    assert (settings.domain_of_mail, settings.sender_of_mail) == (domain, sender)


@pytest.mark.parametrize(
    ("name", "text"),
    [("MAIL_FROM", "a@b\r\nBcc: c@d"), ("MAIL_FROM", "Ann <a@b>"), ("MAIL_FROM", "ä@b"), ("MAIL_DOMAIN", "a b"), ("MAIL_DOMAIN", "a:25")],
)  # fmt: skip
def test_a_sender_or_domain_that_is_none_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadSetting, match=f"VALGATE_{name} takes"):
        Settings.load({f"VALGATE_{name}": text})


async def test_the_user_and_the_password_reach_the_mail_server(office: Office, store: Store) -> None:
    await write(store)
    await sender(store, office.post(user="valgate", password="right")).round()
    assert office.logins[0].login == b"valgate"
    assert delivery(store).stage is Stage.SENT


async def test_a_refused_login_is_tried_again_and_its_password_is_in_no_log_and_no_row(
    office: Office, store: Store, log: io.StringIO
) -> None:
    office.rcpt = lambda _: f"550 you said {PASSWORD}"
    await write(store)
    await sender(store, office.post(user="valgate", password=PASSWORD)).round()
    assert delivery(store).stage is Stage.WAITING
    assert delivery(store).error == "the mail server refused the user or the password (535)"
    assert "stage" in log.getvalue()
    assert PASSWORD not in log.getvalue()
    with closing(sqlite3.connect(store.path)) as raw:
        assert PASSWORD not in "".join(raw.iterdump())


async def test_a_server_that_repeats_the_password_is_not_repeated(office: Office, store: Store) -> None:
    office.rcpt = lambda _: "550 you said right"
    await write(store)
    await sender(store, office.post(user="valgate", password="right")).round()
    assert delivery(store).error == "the mail server said 550 you said ***"


async def test_without_a_secret_connection_a_password_is_not_sent_unless_the_operator_says_so(
    office: Office, store: Store
) -> None:
    """The attacker between us and the server hides that it can start TLS, and waits for the password."""
    await write(store)
    post = replace(office.post(), server=Server.parse(f"smtp://valgate:{PASSWORD}@127.0.0.1:{office.port}"))
    await sender(store, post).round()
    assert office.logins == []
    assert delivery(store).stage is Stage.WAITING


async def test_nothing_of_a_message_is_in_the_log(office: Office, store: Store, log: io.StringIO) -> None:
    await write(store, "the-subject", text="the-body", html="the-html")
    await sender(store, office.post()).round()
    assert "sent" in log.getvalue()
    assert not any(word in log.getvalue() for word in ("the-subject", "the-body", "the-html", "alice@"))
