"""Where an answer sends us next, and what of the request goes along.

Pure. Source: the Fetch standard, "HTTP-redirect fetch".
"""

from __future__ import annotations

from dataclasses import replace

from yarl import URL

from host_api.net.failures import FetchFailed
from host_api.net.request import LONGEST_URL, OF_THE_BODY, PRIVATE, Redirect, Request, Upload, plain, without

STATUSES = frozenset((301, 302, 303, 307, 308))
MOST = 20
SEE_OTHER = 303
TO_GET_AFTER_POST = frozenset((301, 302))


def following(request: Request, status: int, location: str | None) -> Request | None:
    """Return the next request, or None where this answer is the last; raise FetchFailed."""
    if status not in STATUSES or location is None or request.redirect is Redirect.MANUAL:
        return None
    if request.redirect is Redirect.ERROR:
        raise FetchFailed(f"{request.url.host} answered with a redirect, and redirect is 'error'")
    url = _target(request.url, location)
    if request.upload is Upload.STREAMED and status != SEE_OTHER:
        raise FetchFailed(f"{request.url.host} answered with a redirect, and a streamed body cannot be sent again")
    headers = request.headers if _origin(url) == _origin(request.url) else without(request.headers, PRIVATE)
    if _becomes_get(request.method, status):
        bare = without(headers, OF_THE_BODY)
        return replace(request, method="GET", url=url, headers=bare, body=None, upload=Upload.WHOLE)
    return replace(request, url=url, headers=headers)


def _becomes_get(method: str, status: int) -> bool:
    if status == SEE_OTHER:
        return method not in {"GET", "HEAD"}
    return status in TO_GET_AFTER_POST and method == "POST"


def _target(base: URL, location: str) -> URL:
    text = "".join(each for each in location.strip() if each not in "\t\r\n").partition("#")[0]
    path, mark, query = text.partition("?")
    text = path.replace("\\", "/") + mark + query  # as the platform's URL reads it
    try:
        url = base.join(URL(text))
        if len(str(url)) <= LONGEST_URL:
            return plain(url)
    except ValueError:
        pass
    raise FetchFailed(f"{base.host} answered with a redirect to what is no address")


def _origin(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port
