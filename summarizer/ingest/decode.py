"""Bytes to characters, and characters to clean ones: the kind of data, its encoding, its odd characters.

Nothing here looks at the meaning of the text.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Literal

from summarizer.errors import NotText

Kind = Literal["auto", "text", "markdown", "html"]

_HINT = "Send plain text, Markdown or HTML, best in UTF-8."

# First bytes of what newsrooms send by mistake, and what to call it (each format's published signature).
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document (docx, xlsx, odt)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document of the old kind (doc, xls, ppt)"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio or video file"),
    (b"fLaC", "an audio file"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,400}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I)
# UTF-8 that was read as windows-1252: "â€œ", "Ã©".
_MOJIBAKE = re.compile(r"â€|Ã[\u0080-\u00bf]|Â[\u00a0-\u00bf]")


def decode(data: bytes, charset: str = "") -> str:
    """The characters, by byte-order mark, UTF-8, the declared encoding, windows-1252, in this order."""
    _refuse_binary(data)
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            text = _try(data[len(mark) :], encoding)
            break
    else:
        if b"\x00" in data:
            raise NotText("The input is binary data (it has NUL bytes), not text.", _HINT)
        text = _try(data, "utf-8")
        if text is None:
            text = _declared(data, charset)
        if text is None:
            text = _western(data)
    if text is None:
        raise NotText("The input is text in an encoding that can't be read.", _HINT)
    controls = sum(unicodedata.category(c) == "Cc" and c not in "\t\n\r\f\v\x85" for c in text)
    if "\x00" in text or controls * 20 > len(text):
        raise NotText("The input is binary data, not text.", _HINT)
    return text


def _refuse_binary(data: bytes) -> None:
    name = next((name for signature, name in _SIGNATURES if data.startswith(signature)), "")
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        name = "a WebP picture" if data[8:12] == b"WEBP" else "an audio or video file"
    elif data[4:8] == b"ftyp":
        name = "a video file or picture (mp4, mov, heic)"
    elif data[:2] == b"MZ" and b"\x00" in data[:256]:
        name = "a program"
    if name:
        raise NotText(f"The input is {name}, not text.", _HINT)


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _declared(data: bytes, charset: str) -> str | None:
    found = _META_CHARSET.search(data[:4096])
    for name in (charset, found[1].decode("ascii", "replace") if found else ""):
        try:
            # The WHATWG encoding standard reads Latin-1 and ASCII as windows-1252, and so do browsers.
            encoding = codecs.lookup(name).name
        except (LookupError, ValueError):
            continue
        encoding = {"iso8859-1": "cp1252", "ascii": "cp1252"}.get(encoding, encoding)
        if encoding.startswith(("utf", "idna", "punycode", "raw", "unicode")):
            continue  # UTF-8 has been tried, UTF-16 needs its mark, and the others are no encodings of pages
        if (text := _try(data, encoding)) is not None:
            return text
    return None


def _western(data: bytes) -> str | None:
    """windows-1252, if what comes out looks like Western prose and not like mangled UTF-8."""
    text = _try(data, "cp1252")
    if text is None:
        return None
    plain = sum(c.isascii() and (c.isalnum() or c in " \n\r\t.,;:'\"-()") for c in text)
    if plain < 0.8 * len(text) or len(_MOJIBAKE.findall(text)) > 2:
        return None
    return text


# --- what kind of text --------------------------------------------------------------------------------------

_ENDINGS: dict[str, Kind] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
    ".txt": "text",
    ".text": "text",
}
_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|article)\b", re.I | re.S
)
_HTML_TAG = re.compile(r"</?(?:p|div|article|section|h[1-6]|ul|li|br|span|table|body|main)(?:\s[^<>]*)?/?>", re.I)
_FRONT_MATTER = re.compile(r"\s*---[^\S\n]*\n(?:[A-Za-z_][\w-]*\s*:|#).*?\n---[^\S\n]*(?:\n|$)", re.S)
_MARKDOWN = re.compile(r"^#{1,6}\s\S|\[[^\]\n]{1,200}\]\([^)\s]{1,500}\)|\*\*\S[^*\n]{0,200}\*\*|^```", re.M)


def kind_of(text: str, name: str = "") -> Kind:
    """By the ending of the name, else by the content."""
    for ending, kind in _ENDINGS.items():
        if name.lower().endswith(ending):
            return kind
    head = text[:20_000].lstrip("\ufeff").replace("\r\n", "\n")
    if _HTML_START.match(head) or len(_HTML_TAG.findall(head)) >= 4:
        return "html"
    if _FRONT_MATTER.match(head) or head.lstrip().startswith("# ") or len(_MARKDOWN.findall(head)) >= 2:
        return "markdown"
    return "text"


# --- clean characters ---------------------------------------------------------------------------------------

_LINE_ENDS = re.compile("\r\n|[\r\v\x1c-\x1e\x85\u2028]")
_PAGE_ENDS = re.compile("[\f\u2029]")
# Invisible, private or impossible: control, format (zero-width, bidirectional, tags), surrogate, private use.
_DROPPED = {"Cc", "Cf", "Cs", "Co", "Cn"}
_DROPPABLE = re.compile(r"[^\n -~\u00a0-\u00ac\u00ae-\u02ff]")


def clean(text: str) -> str:
    """NFC, "\\n" line ends, single spaces, no invisible characters, no white space at line ends, at most one
    blank line together. Quotation marks, dashes and non-breaking spaces stay as they are."""
    text = _PAGE_ENDS.sub("\n\n", _LINE_ENDS.sub("\n", text)).replace("\t", " ")
    text = _DROPPABLE.sub(lambda m: "" if unicodedata.category(m[0]) in _DROPPED else m[0], text)
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r" {2,}", " ", text)
    text = "\n".join(line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def one_line(text: str) -> str:
    """A clean field: a title, a name."""
    return " ".join(clean(text).split())
