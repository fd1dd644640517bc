"""Names, tags, owners and AWS's texts are hostile; no format lets them act."""

import csv
import re
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from report_sample import HOSTILE, change, other, review, setup

from advisor.charts import history, memory, savings, to_svg
from advisor.report.clean import cell, markdown, visible
from advisor.report.markdown import markdown as markdown_of
from advisor.report.page import html
from advisor.report.table import COLUMNS, csv_text, families_text

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
NASTY = (
    *HOSTILE,
    "</title></style></script><img src=x onerror=alert(1)>",
    "'\"><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "x\x00y\ud800z",
    BIDI,
    "t" * 255,
)
ALLOWED = re.compile(
    "html|head|meta|title|style|body|header|main|footer|article|div|p|span|small|b|bdi|code|a|h[1-4]|dl|dt|dd|ul|li|"
    "table|thead|tbody|tfoot|tr|th|td|figure|figcaption|img|script"
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.sources += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]


@pytest.fixture(scope="module")
def page() -> str:
    advices = [
        change(
            f"{number}{name}", setup(1, 2, 2), setup(0.5, 1, 2), "72.08", "36.04",
            owner=f"CloudFormation stack {name}", tags={name: name}, reasons=(name,),
        )
        for number, name in enumerate(NASTY)
    ]  # fmt: skip
    return html(review(tuple(advices)))


def test_hostile_text_adds_no_element_and_no_attribute(page: str) -> None:
    parser = Tags()
    parser.feed(page)
    assert [tag for tag in parser.tags if not ALLOWED.fullmatch(tag)] == []
    assert not [name for name in parser.attributes if name.startswith("on") or name == "style"]
    assert page.count("<script>") == page.count("<style>") == 1


def test_the_page_points_nowhere_but_into_itself(page: str) -> None:
    parser = Tags()
    parser.feed(page)
    assert parser.sources
    assert all(source.startswith(("#", "data:image/svg+xml;base64,")) for source in parser.sources)
    assert "url(" not in page
    assert "@import" not in page


def test_no_steering_character_reaches_page_markdown_or_csv(page: str) -> None:
    advices = tuple(other(name, "keep", setup(1, 2, 1), "9.00") for name in NASTY)
    for text in (page, markdown_of(review(advices)), csv_text(review(advices))):
        assert {c for c in text if not c.isprintable()} <= {"\n", "\r"}


def test_pictures_hold_no_script_and_no_reference(page: str) -> None:
    pictures = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page)
    assert len(pictures) == 1 + 2 * len(NASTY)
    for picture in pictures:
        tree = ElementTree.fromstring(b64decode(picture))
        names = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert names <= {"svg", "g", "path", "rect", "text", "tspan", "defs", "clipPath", "line", "style"}
        references = [v for e in tree.iter() for k, v in e.attrib.items() if k.rpartition("}")[2] in {"href", "src"}]
        assert references == []


def test_svg_of_a_hostile_name_shows_it_as_text() -> None:
    chart = savings(review((change("a/<script>x</script>&", setup(1, 2, 2), setup(0.5, 1, 2), "72.08", "36.04"),)))
    assert chart is not None
    tree = ElementTree.fromstring(to_svg(chart))
    assert "a/<script>x</script>&" in {element.text for element in tree.iter() if element.text}


def test_markdown_tables_keep_their_columns_whatever_the_names() -> None:
    advices = tuple(other(name, "no-advice", setup(1, 2, 1), "9.00") for name in NASTY)
    text = markdown_of(review(advices))
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1
    assert "<script" not in text
    assert "](" not in text.replace("\\](", "")


@given(st.text(max_size=60))
def test_markdown_of_any_text_is_one_line_without_live_signs(text: str) -> None:
    shown = markdown(text)
    assert "\n" not in shown
    assert "|" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]]", shown.replace("&#124;", ""))
    assert "<" not in shown.replace("<!-- -->", "")


@given(st.text(alphabet=st.sampled_from("=+-@＝＋－＠\t\r\n\u00a0\ufeff a1"), max_size=6) | st.text(max_size=60))
@example("\u00a0=1")
def test_no_cell_starts_as_a_formula(text: str) -> None:
    assert not cell(text).lstrip().startswith(tuple("=+-@＝＋－＠\t\r"))


@given(st.text(max_size=60))
def test_visible_text_is_printable_and_plain_text_is_untouched(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    if text.isprintable():
        assert shown == text


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5, unique=True))
def test_the_csv_has_one_line_per_service_and_reads_back(names: list[str]) -> None:
    advices = tuple(other(f"c/{name}", "keep", setup(1, 2, 1), "9.00", owner=name) for name in names)
    lines = list(csv.DictReader(StringIO(csv_text(review(advices)))))
    assert len(lines) == len(names)
    assert {line["service"] for line in lines} == {visible(f"c/{name}") for name in names}
    assert all(set(line) == set(COLUMNS) for line in lines)


def test_families_reach_their_csv_as_plain_text() -> None:
    (family, _) = review().standalone
    nasty = tuple(replace(family, service=name, basis=name, started_by=(name,), why=name) for name in NASTY)
    text = families_text(replace(review(()), standalone=nasty))
    assert {c for c in text if not c.isprintable()} <= {"\n", "\r"}
    lines = list(csv.DictReader(StringIO(text)))
    assert [line["family"] for line in lines] == [cell(name) for name in NASTY]
    assert not any(value.startswith(tuple("=+-@")) for line in lines for value in line.values())


def test_drawing_a_chart_changes_no_record() -> None:
    advice = change("a/b", setup(1, 2, 2), setup(0.5, 1, 2), "72.08", "36.04")
    before = replace(advice)
    to_svg(history(advice))
    to_svg(memory(advice))
    assert advice == before
