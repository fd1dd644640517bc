"""The page in a browser without a network, and what stands on it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from shutil import which

import pytest
from report_sample import change, other, review, setup

from advisor.domain.errors import InputRefused
from advisor.domain.finding import Review, Totals
from advisor.report import write_report
from advisor.report.page import html
from advisor.report.words import money, percent, span

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")

if CHROMIUM:
    from playwright.sync_api import Page, sync_playwright


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple["Page", list[str]]]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    path = write_report(review(), tmp_path_factory.mktemp("page"))[0]
    troubles: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}).new_page()
        page.on("request", lambda request: note_request(troubles, request.url, path))
        page.on("console", lambda message: troubles.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.goto(path.as_uri())
        yield page, troubles
        browser.close()


def note_request(troubles: list[str], url: str, path: Path) -> None:
    if url != path.as_uri() and not url.startswith("data:"):
        troubles.append(f"request: {url}")


def test_the_page_asks_for_nothing_and_complains_of_nothing(visit: tuple["Page", list[str]]) -> None:
    page, troubles = visit
    assert page.locator("#headline").is_visible()
    assert page.locator("#headline").inner_text() == "$755.85 a month can be saved: 36.4 %"
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert troubles == []


def test_the_page_is_not_wider_than_a_phone(visit: tuple["Page", list[str]]) -> None:
    page, _ = visit
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_sorting_and_filtering_work_and_hide_no_total(visit: tuple["Page", list[str]]) -> None:
    page, troubles = visit
    rows = page.locator("table.recommendations tbody tr:visible")
    page.get_by_role("button", name="Keep", exact=True).click()
    assert rows.count() == 4
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_label("Filter services").fill("catalogue")
    assert rows.count() == 1
    page.get_by_label("Filter services").fill("")
    page.get_by_role("button", name="USD a month, now").click()
    assert "shop/catalogue" in rows.first.inner_text()
    page.get_by_role("button", name="USD a month, now").click()
    assert "lab/unpriced" in rows.first.inner_text()
    assert page.locator("tfoot").inner_text().count("$755.85") == 1
    assert troubles == []


def test_nothing_is_missing_without_script() -> None:
    page = html(review())
    assert not re.search(r"<[^>]* hidden[ >=]", page)
    for advice in review().services:
        assert f"{advice.id.account} · {advice.id.region}" in page
    for skipped in review().totals.skipped:
        assert skipped.reason in page
    for family in review().standalone:
        assert family.basis in page
    assert "3 failed, 2 of them out of memory" in page
    assert "21.4 % of CPU, 33.3 % of memory; one task&#39;s highest hour 45 % and 52 %" in page


def test_every_doubtful_price_is_marked_and_told_at_the_top() -> None:
    page = html(review())
    assert "3 of the 5 prices used are not confirmed" in page
    for word in ("STALE", "DERIVED", "UNCONFIRMED"):
        assert f'<span class="flag">{word}</span>' in page


def test_each_picture_has_words_for_those_who_do_not_see_it() -> None:
    page = html(review())
    assert page.count("<img ") == page.count('alt="') > 10
    assert 'alt=""' not in page


def test_a_range_is_the_sum_of_the_ranges_of_the_rows() -> None:
    two = (
        change("a/b", setup(1, 2, 2), setup(0.5, 1, 2), "100.00", "50.00", spread="0.10"),
        change("a/c", setup(1, 2, 2), setup(0.5, 1, 2), "100.00", "80.00", spread="0.10"),
        other("a/d", "keep", setup(1, 2, 1), "7.00"),
    )
    page = html(review(two))
    assert '<span id="total-low">$124.00</span>' in page  # 45 + 72 + 7
    assert '<span id="total-high">$150.00</span>' in page  # 55 + 88 + 7


@pytest.mark.parametrize(
    ("services", "headline"),
    [
        ((), "Nothing to save: $0.00 a month"),
        ((other("a/b", "keep", setup(1, 2, 1), "9.00"),), "Nothing to save: $9.00 a month"),
        ((change("a/b", setup(1, 2, 2), setup(2, 4, 2), "50.00", "100.00"),), "This fleet needs $50.00 a month more"),
    ],
)
def test_the_headline_fits_the_sums(services: tuple[object, ...], headline: str) -> None:
    assert headline in html(review(services))


def test_an_empty_review_is_a_whole_report(tmp_path: Path) -> None:
    totals = Totals(current_usd_month=Decimal(0), recommended_usd_month=Decimal(0), covered_services=0)
    empty = Review(store="store", window=None, config={}, totals=totals)
    assert [path.name for path in write_report(empty, tmp_path)] == [
        "review.html",
        "review.md",
        "review.csv",
        "review.json",
        "standalone.csv",
    ]


def test_a_folder_that_is_a_file_is_refused_and_kept(tmp_path: Path) -> None:
    taken = tmp_path / "report"
    taken.write_text("mine")
    with pytest.raises(InputRefused, match="cannot be written"):
        write_report(review(()), taken)
    assert taken.read_text() == "mine"


def test_a_failing_write_leaves_the_old_report_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = {path: path.read_bytes() for path in write_report(review(()), tmp_path)}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("advisor.report.writing.os.fsync", full)
    with pytest.raises(InputRefused, match="No space left"):
        write_report(review(), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_progress_counts_every_service_once(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_report(review(), tmp_path, progress=lambda done, total: told.append((done, total)))
    assert told == [(number, 16) for number in range(1, 17)]


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    whole = replace(review(), services=review().services[-3:])
    first = [path.read_bytes() for path in write_report(whole, tmp_path)]
    assert [path.read_bytes() for path in write_report(whole, tmp_path)] == first


def test_words_for_numbers() -> None:
    from datetime import UTC, datetime

    assert money(Decimal("0.005")) == "$0.00"
    assert percent(1.0) == "100 %"
    days = [datetime(2026, 12, 30, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC)]
    assert span(*days) == "30 December 2026 to 2 January 2027"
