"""Which format an answer takes, how long a client is willing to wait, and whether it has the answer already.

In: values of the Accept, Prefer and If-None-Match headers. Out: a format, seconds, a yes or no.
Headers that make no sense count as absent: a client is never refused for a header's grammar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

MEDIA: Mapping[str, str] = {
    "json": "application/json",
    "text": "text/plain",
    "markdown": "text/markdown",
    "html": "text/html",
}


def choose(accept: str | None, offers: Sequence[str] = tuple(MEDIA)) -> str | None:
    """The offered format that the Accept header likes best (RFC 9110, 12.5.1), or None if it allows none.

    The most specific range that matches decides an offer's weight; at equal weights the earlier offer wins.
    """
    if not accept or not accept.strip():
        return offers[0]
    ranges = [parsed for part in accept.split(",") if (parsed := _range(part)) is not None]
    if not ranges:
        return offers[0]
    best, weight = None, 0.0
    for offer in offers:
        kind, subtype = MEDIA[offer].split("/")
        matches = [
            ((r_kind != "*") + (r_subtype != "*"), q)
            for r_kind, r_subtype, q in ranges
            if r_kind in ("*", kind) and r_subtype in ("*", subtype)
        ]
        if matches and max(matches)[1] > weight:
            best, weight = offer, max(matches)[1]
    return best


def wait_seconds(prefer: str | None, most: int) -> int | None:
    """N of "Prefer: wait=N" (RFC 7240), at most `most`; None if there is no such preference."""
    for part in (prefer or "").split(","):
        name, _, value = part.split(";")[0].partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "wait" and re.fullmatch(r"[0-9]{1,9}", value):
            return min(int(value), most)
    return None


def matches_etag(if_none_match: str | None, etag: str) -> bool:
    """Whether If-None-Match names this entity tag (weak comparison, RFC 9110, 13.1.2)."""
    if not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in re.findall(r'"[^"]*"', if_none_match)


def _range(part: str) -> tuple[str, str, float] | None:
    media, *params = part.split(";")
    match = re.fullmatch(r"\s*([!#$%&'*+.^_`|~\w-]+)\s*/\s*([!#$%&'*+.^_`|~\w-]+)\s*", media)
    if match is None:
        return None
    q = 1.0
    for param in params:
        name, _, value = param.partition("=")
        if name.strip().lower() == "q":
            if not re.fullmatch(r"0(\.\d{0,3})?|1(\.0{0,3})?", value.strip(), re.ASCII):
                return None
            q = float(value)
    kind, subtype = match[1].lower(), match[2].lower()
    return None if kind == "*" != subtype else (kind, subtype, q)
