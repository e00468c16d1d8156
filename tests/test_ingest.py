"""Ingest: what is an article, what is refused and in which words, and the laws that hold for any input."""

from __future__ import annotations

import codecs
import contextlib
import dataclasses
import threading
import time
import unicodedata
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from summarizer.errors import (
    BadRequest,
    EmptyInput,
    InputError,
    NotEnglish,
    NotFound,
    NotText,
    TooLarge,
    TooShort,
)
from summarizer.ingest import MAX_BYTES, MIN_WORDS, ingest_bytes, ingest_file, ingest_text, ingest_url
from summarizer.ingest.fetch import is_public
from summarizer.ingest.layout import iso_date
from summarizer.types import Article

FIRST = (
    "The port authority of Tarn will dredge its outer harbour from 4 May, at a cost of €3.2 million, the "
    "board said on Friday. The work had been put off twice for want of money."
)
SECOND = (
    "“We lost two ferry calls a week last winter,” said Ida Moen, the harbour master. “That can’t go on.” "
    "The county pays 60 percent and the port the rest, with a loan that was approved in March."
)
BODY = f"{FIRST}\n\n{SECOND}"
TITLE = "Harbour of Tarn to be dredged in May"


# --- title, byline, date ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("top", "title", "byline", "published"),
    [
        ("", "", "", ""),
        (f"{TITLE}\n\n", TITLE, "", ""),
        (f"{TITLE}\n\nBy Ida Bremer\n\n", TITLE, "Ida Bremer", ""),
        (
            f"{TITLE}\nBy Ida Bremer, maritime correspondent\n\n",
            TITLE,
            "Ida Bremer, maritime correspondent",
            "",
        ),
        (f"{TITLE}\n\nIda Bremer, Coastal Press Agency\n\n", TITLE, "Ida Bremer, Coastal Press Agency", ""),
        (f"{TITLE}\n\nMaritime desk, Tarn\n\n", TITLE, "Maritime desk, Tarn", ""),
        (f"{TITLE}\nIda Bremer\n\n", TITLE, "Ida Bremer", ""),
        (f"{TITLE}\n\nIda Bremer\n3 April 2021\n\n", TITLE, "Ida Bremer", "2021-04-03"),
        (f"{TITLE}\n\nPublished 3 April 2021\n\n", TITLE, "", "2021-04-03"),
        (f"{TITLE}\n\nBy Ida Bremer | April 3, 2021\n\n", TITLE, "Ida Bremer", "2021-04-03"),
        (f"2021-04-03\n\n{TITLE}\n\nBY IDA BREMER\n\n", TITLE, "IDA BREMER", "2021-04-03"),
        ("Who pays for the harbour?\n\n", "Who pays for the harbour?", "", ""),
        ("Harbour to be dredged\nat last, says Tarn\n\n", "Harbour to be dredged at last, says Tarn", "", ""),
    ],
)
def test_the_top_of_a_plain_text(top: str, title: str, byline: str, published: str) -> None:
    assert ingest_text(top + BODY) == Article(BODY, title, byline, published)


@pytest.mark.parametrize(
    "first",
    [
        "Dredging could bring the ferries back to Tarn, according to the harbour master.",
        "TARN, Norway, April 3 (Coastal Press) - The board met on Friday",
        "- a list comes first",
        "“Nobody asked us,” the fishermen said.",
    ],
)
def test_a_standfirst_a_dateline_and_a_list_stay_in_the_body(first: str) -> None:
    article = ingest_text(f"{first}\n\n{BODY}")
    assert (article.title, article.text) == ("", f"{first}\n\n{BODY}")


def test_a_heading_after_the_title_is_not_a_byline() -> None:
    article = ingest_text(f"{TITLE}\n\nMarket Reaction\n\n{BODY}")
    assert (article.byline, article.text) == ("", f"Market Reaction\n\n{BODY}")


def test_what_is_given_wins_and_its_repetition_is_removed() -> None:
    article = ingest_text(
        f"{TITLE}\n\nBy Ida Bremer\n\nA Short Second Line\n\n{BODY}",
        title=f"  {TITLE} ",
        byline="Ida Bremer",
        published="2021-04-03T10:00:00Z",
        source="The Tarn Post",
        url="https://tarn.example/1",
    )
    assert article == Article(
        f"A Short Second Line\n\n{BODY}",
        TITLE,
        "Ida Bremer",
        "2021-04-03",
        "en",
        "The Tarn Post",
        "https://tarn.example/1",
    )


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("2023-06-16", "2023-06-16"),
        ("2023-06-16T08:30:00+02:00", "2023-06-16"),
        ("Published on Friday, 16 June 2023 at 10:15 GMT", "2023-06-16"),
        ("Updated: Sept. 3rd, 2019", "2019-09-03"),
        ("1 May 2020", "2020-05-01"),
        ("31 February 2020", ""),
        ("16 June", ""),
        ("The law of 16 June 2023", ""),
    ],
)
def test_dates(line: str, date: str) -> None:
    assert iso_date(line) == date


def test_a_date_that_is_none_is_refused_when_given() -> None:
    with pytest.raises(BadRequest, match="'soon' is no date"):
        ingest_text(BODY, published="soon")


# --- paragraphs and characters ------------------------------------------------------------------------------


def test_wrapped_lines_are_joined_and_lists_keep_their_lines() -> None:
    wrapped = (
        "\r\n".join(f"{line}" for line in _wrap(FIRST, 60)) + "\r\n\r\nThe plan:\r\n- piers\r\n- a wall\r\n  of stone"
    )
    article = ingest_text(f"{wrapped}\r\n\r\n{SECOND}")
    assert article.text == f"{FIRST}\n\nThe plan:\n- piers\n- a wall of stone\n\n{SECOND}"


def _wrap(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def test_one_long_line_a_paragraph() -> None:
    assert ingest_text(f"{FIRST}\n{SECOND}").text == BODY


def test_invisible_characters_go_and_typography_stays() -> None:
    odd = f"\ufeff{FIRST}\u202e\u200b\u00ad\x07\u2066\n\n\n\n \t\n{SECOND}"
    odd += " It costs 3.2\u00a0million — “cafe\u0301”.\x0c"
    assert ingest_text(odd).text == f"{BODY} It costs 3.2\u00a0million — “café”."


# --- Markdown -----------------------------------------------------------------------------------------------


def test_markdown_becomes_prose() -> None:
    text = (
        f"# {TITLE}\n\nBy Ida Bremer\n\n**The port authority** of [Tarn](https://tarn.example) will\n"
        "_dredge_ its outer `harbour`.\n\n![a boat](boat.jpg)\n\n## Who pays\n\n* the county\n* the port\n\n"
        "> “Nobody asked us.”\n\n| Year | Calls |\n|---|---|\n| 2019 | 412 |\n\n"
        f"<div class='x'>Boxed text.</div><script>track()</script>\n\n```\nleft alone\n```\n\n{SECOND}\n"
    )
    for article in (ingest_text(text), ingest_bytes(text.encode(), name="harbour.md")):
        assert (article.title, article.byline) == (TITLE, "Ida Bremer")
        assert article.text == (
            "The port authority of Tarn will dredge its outer harbour.\n\nWho pays\n- the county\n"
            f"- the port\n\n“Nobody asked us.”\n- Year, Calls\n- 2019, 412\n\nBoxed text.\n\nleft alone\n\n"
            f"{SECOND}"
        )


def test_front_matter_gives_title_author_and_date() -> None:
    fields = f'title: "{TITLE}"\nauthors:\n  - Ida Bremer\n  - Per Aas\ndate: 2021-04-03\ntags: [port]'
    text = f"---\n{fields}\n---\n\n{BODY}\n"
    assert ingest_text(text) == Article(BODY, TITLE, "Ida Bremer, Per Aas", "2021-04-03")


# --- HTML ---------------------------------------------------------------------------------------------------

PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{TITLE} | The Tarn Post</title>
<meta property="og:site_name" content="The Tarn Post"><meta property="og:title" content="{TITLE}">
<meta name="author" content="Ida Bremer">
<meta property="article:published_time"
content="2021-04-03T08:00:00+02:00">
<link rel="canonical" href="https://tarn.example/harbour"><script>var secret = "tracker";</script>
</head><body>
<div id="cookie-banner" class="cookie-consent">
<p>We use cookies to improve your experience on this site.</p>
</div>
<nav><ul>
<li><a href="/">Home</a></li>
<li><a href="/sport">Sport</a></li>
</ul></nav>
<main><article><h1>{TITLE}</h1><p class="byline">By Ida Bremer</p>
<time datetime="2021-04-03">3 April 2021</time>
<p>{FIRST}</p>
<h2>Who pays</h2>
<p>{SECOND}</p>
<ul><li>Depth: 6.5 metres</li><li>Volume: 140,000 cubic metres</li>
</ul>
<p>Work ends in August, and the tender went to <b>Vestkyst Marine</b> of Bergen,
which bid 12 percent below.</p>
</article>
<section id="comments"><h3>Comments (2)</h3><div class="comment">
<p>A waste of money if you ask me,
they should
have built the second pier years ago and everyone knows it.</p>
</div></section></main>
<aside>
<p>Subscribe to our newsletter every morning.</p>
</aside><footer>
<p>© 2021 The Tarn Post.</p>
</footer></body></html>"""


def test_a_page_gives_its_article_and_metadata() -> None:
    article = ingest_bytes(PAGE.encode())
    assert (article.title, article.byline, article.published) == (TITLE, "Ida Bremer", "2021-04-03")
    assert (article.source, article.url) == ("The Tarn Post", "https://tarn.example/harbour")
    assert FIRST in article.text
    assert SECOND in article.text
    assert "- Depth: 6.5 metres\n- Volume: 140,000 cubic metres" in article.text
    assert "Vestkyst Marine of Bergen" in article.text
    for stray in ("cookies", "Sport", "waste of money", "newsletter", "©", "tracker", "By Ida", TITLE):
        assert stray not in article.text


def test_a_fragment_of_html() -> None:
    article = ingest_text(
        f"<p>{FIRST}</p><p hidden>ghost</p><p style='display: none'>ghoul</p><script>x()</script><p>{SECOND}</p>",
        kind="html",
        title=TITLE,
    )
    assert (article.title, article.text) == (TITLE, BODY)


@pytest.mark.parametrize(
    "html",
    [
        f"<div><p>{FIRST}<p>{SECOND}</div></div></p><b><i></b><table><tr><p>",
        f"<html><body><article><p>{FIRST}</p><p>{SECOND}</p><p<<>&&#xZZ;<!--",
        f"<p>{FIRST}</p>{'<span>' * 100}<p>{SECOND}</p>",
    ],
)
def test_broken_html_is_read_as_far_as_it_goes(html: str) -> None:
    text = ingest_text(html, kind="html").text
    assert FIRST in text
    assert SECOND in text


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b" \n\t ", codecs.BOM_UTF8, b"***", b"<html><body></body></html>"])
def test_nothing_to_read(data: bytes) -> None:
    with pytest.raises(EmptyInput, match="There is no text to read"):
        ingest_bytes(data)


def test_too_short_says_how_many_words() -> None:
    words = ["This", "is", "one", "of", "the", "sentences", "that", "end", "here"] * 5
    with pytest.raises(TooShort, match="has 39 words; at least 40 are needed"):
        ingest_text(" ".join(words[: MIN_WORDS - 1]))
    assert ingest_text(" ".join(words[:MIN_WORDS])).text == " ".join(words[:MIN_WORDS])


def test_too_large(tmp_path: Path) -> None:
    text = (BODY + "\n\n") * (MAX_BYTES // len(BODY.encode()) + 1)
    (tmp_path / "large.txt").write_text(text, encoding="utf-8")
    with pytest.raises(TooLarge, match="larger than 1,000,000 bytes"):
        ingest_file(tmp_path / "large.txt")
    with pytest.raises(TooLarge):
        ingest_text(text)
    with pytest.raises(TooLarge):
        ingest_bytes(b"a" * 5_000_000)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n" + b"x" * 400, "a PDF document"),
        (b"PK\x03\x04" + b"x" * 400, "an office document"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "a JPEG picture"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a WebP picture"),
        (b"\x00\x00\x00\x18ftypmp42", "a video file"),
        (b"{\\rtf1 hello}", "an RTF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "an office document of the old kind"),
        (b"plain\x00text", "NUL bytes"),
        (bytes(range(1, 9)) * 30, "binary data"),
        (BODY.replace("“", "”").encode("utf-8")[:-1] + b"\xff\xfe\x81", "an encoding that can't be read"),
        ("中文文字".encode("gb2312") * 40, "an encoding that can't be read"),
    ],
)
def test_binary_data_is_named(data: bytes, name: str) -> None:
    with pytest.raises(NotText, match=name):
        ingest_bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        BODY.encode("utf-8"),
        codecs.BOM_UTF8 + BODY.encode("utf-8"),
        codecs.BOM_UTF16_LE + BODY.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + BODY.encode("utf-16-be"),
        BODY.encode("cp1252"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16-le", "utf-16-be", "windows-1252"],
)
def test_encodings(data: bytes) -> None:
    assert ingest_bytes(data).text == BODY


def test_the_declared_encoding_of_a_page() -> None:
    page = f'<html><head><meta charset="iso-8859-2"></head><body><article><p>{BODY}</p></article></body></html>'
    page = page.replace("€3.2 million", "3.2 million złoty").replace("“", '"').replace("”", '"').replace("’", "'")
    assert "3.2 million złoty" in ingest_bytes(page.encode("iso-8859-2")).text


FOREIGN = {
    "German": (
        "Die Hafenbehörde will das äußere Becken ab dem 4. Mai ausbaggern lassen, wie der Vorstand am"
        " Freitag mitteilte. Die Arbeiten waren zweimal verschoben worden, weil das Geld fehlte. Der "
        "Landkreis zahlt sechzig Prozent, den Rest trägt der Hafen mit einem Kredit, der im März "
        "genehmigt wurde und über zwölf Jahre läuft."
    ),
    "French": (
        "L'autorité portuaire fera draguer le bassin extérieur à partir du 4 mai, a annoncé vendredi "
        "le conseil. Les travaux avaient été reportés deux fois faute d'argent. Le département paie "
        "soixante pour cent et le port prend en charge le reste grâce à un prêt approuvé en mars, "
        "selon le directeur, qui se dit satisfait de cette décision."
    ),
    "Spanish": (
        "La autoridad portuaria dragará la dársena exterior a partir del 4 de mayo, según anunció el "
        "viernes el consejo. Las obras se habían aplazado dos veces por falta de dinero. La provincia"
        " paga el sesenta por ciento y el puerto asume el resto con un préstamo que fue aprobado en "
        "marzo y que vence dentro de doce años."
    ),
    "Dutch": (
        "De havenautoriteit laat het buitenste bekken vanaf 4 mei uitbaggeren, zo deelde het bestuur "
        "vrijdag mee. Het werk was al twee keer uitgesteld omdat er geen geld was. De provincie "
        "betaalt zestig procent en de haven neemt de rest voor zijn rekening met een lening die in "
        "maart is goedgekeurd en die over twaalf jaar afloopt."
    ),
    "Polish": (
        "Zarząd portu rozpocznie pogłębianie zewnętrznego basenu 4 maja, poinformowała w piątek rada."
        " Prace były dwa razy odkładane z braku pieniędzy. Województwo zapłaci sześćdziesiąt procent,"
        " a resztę pokryje port z kredytu, który został zatwierdzony w marcu i ma być spłacony w "
        "ciągu dwunastu lat, jak powiedział dyrektor portu w rozmowie z nami."
    ),
    "Russian": (
        "Портовое управление начнет углублять внешнюю гавань 4 мая, сообщил в пятницу совет. Работы "
        "дважды откладывались из-за нехватки денег. Область заплатит шестьдесят процентов, а "
        "остальное возьмет на себя порт за счет кредита, который был одобрен в марте и который будет "
        "погашен в течение двенадцати лет, сказал начальник порта."
    ),
    "Chinese": (
        "港口管理局周五宣布，将从五月四日起疏浚外港，费用为三百二十万欧元。由于资金不足，这项工程"
        "曾两次推迟。县政府支付百分之六十，其余由港口通过三月批准的贷款承担。港务长表示，去年冬天"
        "每周损失两个渡轮班次，这种情况不能再继续下去。"
    ),
}


@pytest.mark.parametrize("language", FOREIGN)
def test_other_languages_are_named(language: str) -> None:
    with pytest.raises(NotEnglish, match=f"looks like {language}, not English"):
        ingest_text(FOREIGN[language])


def test_words_without_english_are_refused() -> None:
    with pytest.raises(NotEnglish):
        ingest_text("lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor " * 6)


@pytest.mark.parametrize("language", ["German", "French", "Polish", "Russian"])
def test_half_english_is_english(language: str) -> None:
    assert ingest_text(f"{BODY}\n\n{FOREIGN[language]}").language == "en"


def test_english_full_of_foreign_names() -> None:
    names = "Nguyễn Thu Hạnh, Radosław Bielak, Sigrún Højgaard-Lie, Enkhjargal Batsukh and Bárður Niclasen"
    assert ingest_text(f"The prize went to {names}. " * 5).language == "en"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no file"):
        ingest_file(tmp_path / "absent.txt")
    with pytest.raises(NotFound, match="is a directory"):
        ingest_file(tmp_path)
    with pytest.raises(NotFound):
        ingest_file("bad\x00name")


def test_a_file_is_its_own_source(tmp_path: Path) -> None:
    (tmp_path / "harbour.txt").write_text(f"{TITLE}\n\n{BODY}", encoding="utf-8")
    assert ingest_file(tmp_path / "harbour.txt") == Article(BODY, TITLE, source="harbour.txt")


# --- web pages ----------------------------------------------------------------------------------------------


class Site(BaseHTTPRequestHandler):
    """A small web site: its paths are the cases."""

    def do_GET(self) -> None:
        if self.path == "/page":
            self.answer(200, PAGE.encode(), "text/html; charset=utf-8")
        elif self.path == "/plain":
            self.answer(200, f"{TITLE}\n\n{BODY}".encode("cp1252"), "text/plain; charset=windows-1252")
        elif self.path == "/moved":
            self.answer(302, b"", location="/page")
        elif self.path == "/loop":
            self.answer(302, b"", location="/loop")
        elif self.path == "/to-file":
            self.answer(302, b"", location="file:///etc/hostname")
        elif self.path == "/picture":
            self.answer(200, b"\x89PNG", "image/png")
        elif self.path == "/endless":
            self.answer(200, b"word " * (MAX_BYTES // 4), "text/html")
        elif self.path == "/slow":
            time.sleep(1.5)
            self.answer(200, b"late", "text/html")
        else:
            self.answer({"/secret": 403, "/broken": 500}.get(self.path, 404), b"no", "text/html")

    def answer(self, status: int, body: bytes, kind: str = "text/html", location: str = "") -> None:
        with contextlib.suppress(OSError):  # the client may have gone
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/page", "/moved"])
def test_a_page_is_fetched(site: str, path: str) -> None:
    article = ingest_url(site + path, allow_private=True)
    assert (article.title, article.source, article.url) == (TITLE, "The Tarn Post", f"{site}/page")
    assert FIRST in article.text


def test_a_plain_text_is_fetched_in_its_encoding(site: str) -> None:
    article = ingest_url(f"{site}/plain", allow_private=True)
    assert article == Article(BODY, TITLE, source="localhost", url=f"{site}/plain")


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("/absent", NotFound, "no such page at localhost"),
        ("/secret", NotFound, "doesn't give out this page"),
        ("/broken", NotFound, r"failed to answer with the page \(HTTP 500\)"),
        ("/loop", NotFound, "redirected more than 5 times"),
        ("/to-file", BadRequest, "Only http and https"),
        ("/picture", NotText, "of type image/png"),
        ("/endless", TooLarge, "larger than 1,000,000 bytes"),
        ("/slow", NotFound, "took too long"),
    ],
)
def test_a_page_that_cannot_be_had(site: str, path: str, error: type[InputError], words: str) -> None:
    with pytest.raises(error, match=words):
        ingest_url(site + path, allow_private=True, timeout=0.5)


def test_private_addresses_are_refused(site: str) -> None:
    port = site.rpartition(":")[2]
    inside = ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "2130706433"]
    for host in [*inside, "169.254.169.254"]:
        with pytest.raises(NotFound, match="private network"):
            ingest_url(f"http://{host}:{port}/page")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "example.org",
        "",
        "http://",
        "http://a:b@example.org/",
        "http://[::1",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(BadRequest):
        ingest_url(url)


def test_nobody_answers() -> None:
    with pytest.raises(NotFound, match="can't be fetched"):
        ingest_url("http://127.0.0.1:9/", allow_private=True, timeout=2)
    with pytest.raises(NotFound, match="no web site"):
        ingest_url("http://no-such-host.invalid/", timeout=2)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


PRIVATE = (
    "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 "
    "::1 :: fe80::1 fd00::1 ff02::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::"
)


@pytest.mark.parametrize(
    "address",
    PRIVATE.split(),
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


# --- laws ---------------------------------------------------------------------------------------------------

TOPS = st.lists(
    st.sampled_from(
        [
            TITLE,
            "By Ida Bremer",
            "Ida Bremer",
            "3 April 2021",
            "Wire desk, Oslo",
            "Short",
            "- item",
            "Who?",
            "",
            "# x",
        ]
    ),
    max_size=6,
)
PIECES = st.lists(
    st.sampled_from(
        [
            FIRST,
            SECOND,
            "a\u0301",
            "\u200d\u0301",
            "\x85",
            "\u2028",
            "\t",
            "  ",
            "\n",
            "- x",
            "1. y",
            "\r",
            "\ufeff",
        ]
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TOPS, st.lists(st.sampled_from(["\n", "\n\n"]), min_size=12, max_size=12), PIECES)
@example(["By Ida Bremer", "3 April 2021", TITLE, "Ida Bremer"], ["\n"] * 12, [FIRST])
@example([TITLE] * 6, ["\n\n"] * 12, [BODY])
def test_ingest_of_its_own_output_changes_nothing(top: list[str], gaps: list[str], pieces: list[str]) -> None:
    text = "".join(line + gap for line, gap in zip(top, gaps, strict=False)) + "\n\n".join(pieces) + "\n\n" + BODY
    article = ingest_text(text, kind="text")
    known = {
        f.name: getattr(article, f.name) for f in dataclasses.fields(article) if f.name not in ("text", "language")
    }
    assert ingest_text(article.text, kind="text", **known) == article


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_control_characters_and_normal_form(before: str, after: str) -> None:
    article = ingest_text(f"{before}{FIRST}{after}\n\n{SECOND}", kind="text")
    for text in (article.text, article.title, article.byline):
        assert not {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn")}
        assert unicodedata.is_normalized("NFC", text)
    assert "\n\n\n" not in article.text
    assert article.text == article.text.strip()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.lists(
            st.sampled_from(["<p>", "</p>", "<div", ">", "<!--", "&#0;", "&#x1F;", "&#1", "<b>", FIRST, "]]>", "<?x"]),
            max_size=20,
        ).map(lambda parts: "".join(parts).encode()),
    ),
    st.sampled_from(["auto", "text", "markdown", "html"]),
    st.sampled_from(["", "utf-8", "latin-1", "no-such", "hex", "utf-7", "\x00"]),
)
def test_any_bytes_give_an_article_or_an_input_error(data: bytes, kind: str, charset: str) -> None:
    refused = pytest.raises(InputError, match=r"\. .*\.$")  # a sentence and a hint
    article = None
    with contextlib.suppress(InputError):
        article = ingest_bytes(data, kind=kind, charset=charset)  # type: ignore[arg-type]
    if article is None:
        with refused:
            ingest_bytes(data, kind=kind, charset=charset)  # type: ignore[arg-type]
    else:
        assert article.text


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
@pytest.mark.parametrize(
    "unit", ["word ", "a\n", f"{TITLE}\n", "> ", "<div>", "[", "*a ", "\n\n- x", "<p>the of ", "the\r"]
)
def test_a_megabyte_of_anything_takes_seconds(kind: str, unit: str) -> None:
    """A guard against quadratic time, at a tenth of the size that is let in."""
    data = (unit * (100_000 // len(unit))).encode()
    start = time.process_time()
    with contextlib.suppress(InputError):
        ingest_bytes(data, kind=kind)  # type: ignore[arg-type]
    assert time.process_time() - start < 10
