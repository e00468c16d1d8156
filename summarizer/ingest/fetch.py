"""One page over HTTP, for a caller who may be a stranger: bounded in size, time and redirects, and never from
inside a private network unless that is allowed.

Each hop's host is resolved here, its addresses are checked, and the connection goes to the address that was
checked, so that a name can't be made to point elsewhere in between. Proxies of the environment aren't used.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from typing import Any

from summarizer.errors import BadRequest, NotFound, NotText, TooLarge
from summarizer.ingest.decode import Kind

MAX_REDIRECTS = 5
_HEADERS = {
    "User-Agent": "analyst-brief (reads one page for one reader)",
    "Accept": "text/html, application/xhtml+xml, text/plain;q=0.9, text/markdown;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "en",
}
_KINDS: dict[str, Kind] = {
    "": "auto",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "auto",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
}


@dataclass(frozen=True, slots=True)
class Page:
    """`url` is where the body came from in the end; `charset` is what the server declared, or ""."""

    body: bytes
    kind: Kind
    url: str
    charset: str


def fetch(url: str, max_bytes: int, *, allow_private: bool, timeout: float) -> Page:
    import httpx

    deadline = time.monotonic() + timeout
    target = _checked_url(url.strip())
    try:
        with httpx.Client(trust_env=False, follow_redirects=False, headers=_HEADERS) as client:
            for _ in range(MAX_REDIRECTS + 1):
                with _get(client, target, allow_private, deadline) as response:
                    if not response.is_redirect:
                        return _read(response, target, max_bytes, deadline)
                    target = _checked_url(str(target.join(response.headers["location"])))
    except httpx.TimeoutException as exc:
        raise _slow(target) from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise NotFound(f"The page at {target.host} can't be fetched ({exc}).", _CHECK) from exc
    raise NotFound(f"The page was redirected more than {MAX_REDIRECTS} times.", "Give its final address.")


_CHECK = "Check the address, or send the text itself."


def _checked_url(url: str) -> Any:
    import httpx

    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as exc:
        raise BadRequest("The address is no web address.", "Give an address that begins with https://.") from exc
    if target.scheme not in ("http", "https") or not target.host:
        raise BadRequest("Only http and https addresses are fetched.", "Give an address that begins with https://.")
    if target.userinfo:
        raise BadRequest("The address holds a user name or password.", "Give the address without it.")
    return target


def _get(client: Any, target: Any, allow_private: bool, deadline: float) -> Any:
    """A streamed GET of `target` from an address of its host that was checked."""
    import httpx

    address = _resolve(target, allow_private)
    left = deadline - time.monotonic()
    if left <= 0:
        raise _slow(target)
    host = target.netloc.decode("ascii")
    return client.stream(
        "GET",
        target.copy_with(host=address),
        headers={"Host": host},
        extensions={"sni_hostname": target.host},  # the certificate is checked against the name, not the address
        timeout=httpx.Timeout(min(left, 10.0)),
    )


def _resolve(target: Any, allow_private: bool) -> str:
    host = target.raw_host.decode("ascii").strip("[]")
    port = target.port or {"http": 80, "https": 443}[target.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as exc:
        raise NotFound(f"There is no web site '{target.host}'.", _CHECK) from exc
    addresses = [str(entry[4][0]).split("%")[0] for entry in found]
    if allow_private:
        return addresses[0]
    # One private address among public ones is refused too: that is how a name is made to lead inside.
    if not all(is_public(address) for address in addresses):
        raise NotFound(
            f"'{target.host}' leads into a private network, from which nothing is fetched.",
            "Send the text itself.",
        )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address is out on the internet, also if IPv4 is wrapped in IPv6 (mapped, 6to4, NAT64)."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if wrapped is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _read(response: Any, target: Any, max_bytes: int, deadline: float) -> Page:
    status = response.status_code
    if status in (404, 410):
        raise NotFound(f"There is no such page at {target.host} (HTTP {status}).", _CHECK)
    if status in (401, 402, 403, 451):
        raise NotFound(f"{target.host} doesn't give out this page (HTTP {status}).", "Send the text itself.")
    if status != 200:
        raise NotFound(f"{target.host} failed to answer with the page (HTTP {status}).", "Try again later.")
    content_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type not in _KINDS:
        raise NotText(f"The page is of type {content_type[:60]}, not text.", "Give the address of an article.")
    body = bytearray()
    for chunk in response.iter_bytes(16_384):
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge(f"The page is larger than {max_bytes:,} bytes.", "Send the text of the article itself.")
        if time.monotonic() > deadline:
            raise _slow(target)
    return Page(bytes(body), _KINDS[content_type], str(target), response.charset_encoding or "")


def _slow(target: Any) -> NotFound:
    return NotFound(f"{target.host} took too long to answer.", "Try again later, or send the text itself.")
