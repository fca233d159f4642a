"""What went wrong on the way to a host and back, in one sentence that names the host and the reason.

A host that is refused and a host that does not exist are one answer: it tells nothing about the network inside.
No message of the library or of the system, and no path, gets into a sentence.
"""

from __future__ import annotations

import errno
import ssl

import aiohttp

from kernel.errors import BadRequest


class FetchFailed(BadRequest):
    """A TypeError in the guest, as the platform's fetch gives."""

    code = "fetch"

    def __init__(self, sentence: str) -> None:
        """Begin as the platform does."""
        super().__init__(f"fetch failed: {sentence}")


class NotPublic(FetchFailed):
    """The host is refused, or is not there."""

    def __init__(self, host: str) -> None:
        """There is one sentence."""
        super().__init__(f"{host} is not on the public internet, or not there at all")


REASONS = {
    errno.ECONNREFUSED: "refused the connection",
    errno.ECONNRESET: "broke the connection off",
    errno.EPIPE: "broke the connection off",
    errno.ETIMEDOUT: "did not answer in time",
}


def explained(host: str, error: Exception) -> FetchFailed:
    """Say what the library's error means."""
    if isinstance(error, aiohttp.InvalidURL):  # a spelling of an address that the library does not look up
        return NotPublic(host)
    return FetchFailed(f"{host} {_reason(error)}")


def _reason(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"has no valid certificate{_certificate(error.certificate_error)}"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "does not speak TLS as we do"
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return "did not answer in time"
        case aiohttp.ServerDisconnectedError():
            return "closed the connection without an answer"
        case aiohttp.ClientPayloadError():
            return "sent a body that was cut short or cannot be read"
        case aiohttp.ClientResponseError():
            return "sent an answer that is not HTTP, or whose head is too large"
        case OSError():
            return REASONS.get(error.errno or 0, "cannot be reached")
    return "cannot be reached"


def _certificate(error: Exception) -> str:
    """Return OpenSSL's word for what is wrong with a certificate; it names no file."""
    word = getattr(error, "verify_message", "")
    return f" ({word})" if isinstance(word, str) and word and "/" not in word else ""
