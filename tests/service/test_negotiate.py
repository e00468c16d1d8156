from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.negotiate import MEDIA, choose, matches_etag, wait_seconds


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/*", "text"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/markdown", "markdown"),
        ("TEXT/Markdown ; charset=utf-8", "markdown"),
        ("text/plain;q=0.2, text/markdown;q=0.8", "markdown"),
        ("text/*;q=0.5, text/plain;q=0", "markdown"),
        ("application/json;q=0, */*", "text"),
        ("*/*;q=0", None),
        ("image/png", None),
        ("application/xml, image/*;q=0.3", None),
        ("text/html;q=0.5, text/plain;q=0.5", "text"),
        ("nonsense", "json"),
        ("*/html", "json"),
        ("text/plain;q=7", "json"),
    ],
)
def test_the_accept_header_picks_the_format(accept: str | None, chosen: str | None) -> None:
    assert choose(accept) == chosen


@given(st.text(max_size=60))
def test_no_header_breaks_it(header: str) -> None:
    assert choose(header) in {*MEDIA, None}
    seconds = wait_seconds(header, 60)
    assert seconds is None or 0 <= seconds <= 60
    assert matches_etag(header, '"never"') == (header.strip() == "*" or '"never"' in header)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("wait=5", 5),
        ("respond-async, Wait=7", 7),
        ('wait="9"; foo', 9),
        ("wait=9000", 60),
        ("wait=-1", None),
        ("wait=x", None),
    ],
)
def test_the_prefer_header_says_how_long_to_wait(prefer: str | None, seconds: int | None) -> None:
    assert wait_seconds(prefer, 60) == seconds


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        (None, False),
    ],
)
def test_if_none_match_compares_weakly(header: str | None, same: bool) -> None:
    assert matches_etag(header, '"a"') is same
