"""The four files tell the same numbers, and their rows add up to their totals."""

import csv
import json
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from report_sample import review

from advisor.codec import review_from_json
from advisor.report import write_report
from advisor.report.clean import visible

Money = tuple[str, str, str]


class Page(HTMLParser):
    """Rows of the recommendations table as lists of the text that a reader sees first in each cell."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.ids: dict[str, str] = {}
        self.inside = self.small = False
        self.id = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "table":
            self.inside = "recommendations" in (values.get("class") or "")
        if self.inside and tag == "tr":
            self.rows.append([])
        if self.inside and tag in {"td", "th"}:
            self.rows[-1].append("")
        self.small = tag == "small" or (self.small and tag in {"b", "bdi"})
        self.id = values.get("id") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "small":
            self.small = False
        if tag == "table":
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.id:
            self.ids.setdefault(self.id, data)
        if self.inside and self.rows and self.rows[-1] and not self.small:
            self.rows[-1][-1] += data.strip()


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    paths = write_report(review(), tmp_path_factory.mktemp("report"))
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def shown(usd: str | None) -> str:
    if usd in (None, ""):
        return "not known"
    value = round(Decimal(str(usd)), 2)
    return f"{'−' if value < 0 else ''}${abs(value):,.2f}"


def from_json(texts: dict[str, str]) -> dict[str, Money]:
    found = {}
    for service in json.loads(texts["review.json"])["services"]:
        usd = service["usd_month"]
        now, then = usd["current"], usd["recommended"] if service["recommended"] else usd["current"]
        saving = None if now is None else str(Decimal(now) - Decimal(then))
        found[visible(service["service"])] = (shown(now), shown(then), shown(saving))
    return found


def from_csv(texts: dict[str, str]) -> dict[str, Money]:
    lines = csv.DictReader(StringIO(texts["review.csv"]))
    names = ("current_usd_per_month", "recommended_usd_per_month", "saving_usd_per_month")
    return {line["service"].removeprefix("'"): tuple(shown(line[name]) for name in names) for line in lines}


def from_html(texts: dict[str, str]) -> tuple[dict[str, Money], Money, Page]:
    page = Page()
    page.feed(texts["review.html"])
    body, foot = page.rows[1:-1], page.rows[-1]
    return {row[0]: (row[2], row[3], row[4]) for row in body}, (foot[1], foot[2], foot[3]), page


def unescaped(text: str) -> str:
    for entity, character in (("&#124;", "|"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return re.sub(r"\\([\W_])", r"\1", text)


def from_markdown(texts: dict[str, str]) -> tuple[dict[str, Money], Money]:
    block = texts["review.md"].split("## Recommendations\n\n")[1].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in block[2:]]
    assert {len(row) for row in cells} == {11}
    rows = {unescaped(row[0]): (row[5], row[6], row[7]) for row in cells[:-1]}
    total = tuple(cell.strip("*") for cell in cells[-1][5:8])
    return rows, total


def test_every_format_tells_the_same_money_for_every_service(texts: dict[str, str]) -> None:
    expected = from_json(texts)
    assert len(expected) == 16
    assert from_csv(texts) == expected
    assert from_html(texts)[0] == expected
    assert from_markdown(texts)[0] == expected


def test_rows_sum_to_the_totals_of_every_format(texts: dict[str, str]) -> None:
    totals = json.loads(texts["review.json"])["totals"]
    now, then = Decimal(totals["current_usd_month"]), Decimal(totals["recommended_usd_month"])
    lines = list(csv.DictReader(StringIO(texts["review.csv"])))
    assert sum(Decimal(line["current_usd_per_month"] or 0) for line in lines) == now
    assert sum(Decimal(line["recommended_usd_per_month"] or 0) for line in lines) == then
    expected = (shown(str(now)), shown(str(then)), shown(str(now - then)))
    assert from_html(texts)[1] == expected
    assert from_markdown(texts)[1] == expected
    ids = from_html(texts)[2].ids
    assert (ids["total-now"], ids["total-then"], ids["total-saving"]) == expected
    assert ids["headline"].startswith(f"{expected[2]} a month can be saved")


def test_the_json_file_reads_back_as_the_review(texts: dict[str, str]) -> None:
    assert review_from_json(texts["review.json"], where="review.json") == review()


def test_a_report_drawn_from_the_file_alone_is_the_same(texts: dict[str, str], tmp_path: Path) -> None:
    again = write_report(review_from_json(texts["review.json"], where="review.json"), tmp_path)
    assert {path.name: path.read_text(encoding="utf-8") for path in again} == texts


def test_totals_that_do_not_fit_the_rows_are_told(tmp_path: Path) -> None:
    whole = review()
    totals = replace(whole.totals, current_usd_month=whole.totals.current_usd_month + 100)
    paths = write_report(replace(whole, totals=totals), tmp_path)
    for path in paths[:2]:
        assert "differ from its rows by $100.00" in path.read_text(encoding="utf-8").replace("\\", "")


def test_the_csv_carries_the_numbers_behind_each_row(texts: dict[str, str]) -> None:
    by_name = {line["service"]: line for line in csv.DictReader(StringIO(texts["review.csv"]))}
    line = by_name["shop/checkout-api"]
    assert (line["current_cpu_units"], line["recommended_cpu_units"]) == ("1024", "512")
    assert (line["current_memory_mib"], line["recommended_memory_mib"]) == ("2048", "1024")
    assert (line["account"], line["held_out_days"], line["confidence_0_to_1"]) == ("000111122223", "5", "0.82")
    assert by_name["lab/unpriced"]["current_usd_per_month"] == ""
