"""The backtest as Markdown and drawings: every number once as it is, foreign names harmless, files whole."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from report_sample import HOSTILE

from advisor.advice.tail import shipped
from advisor.charts import reliability, scoreboard
from advisor.codec import scoreboard_to_json
from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Skipped
from advisor.domain.scoreboard import Band, Mark, Marks, RuleScore, Scoreboard, TailFit
from advisor.domain.service import ServiceId, TaskSize
from advisor.report import write_scoreboard
from advisor.report.scoreboard import fit_lines, is_better, markdown

SMALL, LARGE = TaskSize.of(vcpu=0.25, gib=1), TaskSize.of(vcpu=1, gib=2)
COMMON = {"usd_month": 18.0, "throttled_share": 0.02, "over_limit": True, "memory_breached": False}
BOARD = Scoreboard(
    store="store",
    config={},
    origins=2,
    rules=(
        RuleScore(rule="ours, size only", cost=1.1, throttled_share=0.0025, over_limit_share=0.05, breached_share=0.02),
        RuleScore(
            rule="today",
            cost=1.0,
            throttled_share=0.02,
            over_limit_share=0.5,
            breached_share=None,
            against_ours="worse",
        ),
    ),
    services_with_memory=1,
    reliability=(Band(low=0.02, high=0.05, services=40, statements=90, stated=0.03, happened=0.1, error=0.054),),
    cpu_reliability=(Band(low=0.05, high=0.1, services=8, statements=9, stated=0.06, happened=0.5, error=0.17),),
    sized=Band(low=0.0, high=1.0, services=40, statements=40, stated=0.004, happened=0.0, error=0.02),
    services=(
        Marks(
            id=ServiceId(account="1", region="us-east-1", service="prod/web"),
            days_fitted=14,
            days_scored=16,
            enough=(SMALL, LARGE),
            marks=(Mark(rule="ours, size only", sizes=(SMALL, SMALL), cost=0.9, **COMMON),),
        ),
    ),
    skipped=(Skipped(service="prod/idle", account="1", region="us-east-1", reason="too short"),),
)


def test_every_number_is_told_as_it_is() -> None:
    text = markdown(BOARD)
    assert "1 services, 1 with memory; 2 origins at most." in text
    assert "| ours, size only | 1.100 | 0.25% | 5.0% | 2.0% |  |" in text
    assert "| today | 1.000 | 2.00% | 50.0% | not measured | worse |" in text
    # 7 points apart where 5.4 are allowed: 2 or the error, whichever is wider.
    assert "| 2% to 5% | 40 | 90 | 3.0% | 10.0% | 7.0 | 5.4 |" in text
    assert "| 5% to 10% | 8 | 9 | 6.0% | 50.0% | 44.0 | 17.0 |" in text
    assert "in 40 services: 0.4% stated, 0.0% happened" in text
    assert "0.25 vCPU / 1 GiB, then 1 vCPU / 2 GiB | 0.25 vCPU / 1 GiB: 0.90, over its limit |" in text
    assert "| prod/idle | 1 | us-east-1 | too short |" in text


def test_a_board_without_stated_chances_says_so_and_draws_none(tmp_path: Path) -> None:
    bare = replace(BOARD, reliability=(), cpu_reliability=(), sized=None, skipped=())
    assert "No chance was stated" in markdown(bare)
    assert "Not scored" not in markdown(bare)
    assert {path.name for path in write_scoreboard(bare, tmp_path)} == {"scoreboard.md", "scoreboard.svg"}


def test_a_model_that_was_fitted_on_the_scored_days_is_told() -> None:
    assert "was fitted on these days" not in markdown(BOARD)
    assert "was fitted on these days" in markdown(replace(BOARD, model_saw_days=True))


def test_a_fit_says_what_speaks_against_it() -> None:
    good = Band(low=0.0, high=0.01, services=40, statements=90, stated=0.005, happened=0.01, error=0.02)
    fit = TailFit(
        model=shipped(),
        made_by="a test",
        store="here",
        groups="cluster",
        series={},
        reliability=(good,),
        log_loss=0.2,
        shipped_log_loss=0.25,
    )
    assert list(fit_lines(fit)) == ["Log loss: 0.2000; of the shipped model, 0.2500. Less is better."]
    assert is_better(fit)
    worse = replace(fit, reliability=(good, *BOARD.reliability), log_loss=0.26)
    assert not is_better(worse)
    assert list(fit_lines(worse))[1:] == [
        "Further apart than allowed, so not to be relied on there: 2% to 5%.",
        "The shipped model states these chances better, or as well.",
    ]


def test_foreign_names_do_nothing_in_markdown() -> None:
    for name in HOSTILE:
        id = ServiceId(account="1", region="us-east-1", service=name)
        told = Skipped(service=name, account="1", region="us-east-1", reason=name)
        text = markdown(replace(BOARD, services=(replace(BOARD.services[0], id=id),), skipped=(told,)))
        assert "<script" not in text
        assert len(text.splitlines()) == len(markdown(BOARD).splitlines())


def test_rules_are_drawn_cheapest_first_and_bands_with_their_error() -> None:
    bars = scoreboard(BOARD.rules).layer[0].data["values"]
    assert [(row["rule"], row["kind"]) for row in bars] == [("today", "today"), ("ours, size only", "ours")]
    assert bars[1]["fails"] == "5.0% over the limit, 2.0% breached"
    # Two errors below 3 % would be below 0.3 %, where the axis begins.
    (band,) = reliability(BOARD.reliability).layer[1].data["values"]
    assert band == {
        "stated": 3.0,
        "happened": 10.0,
        "low": 0.3,
        "high": pytest.approx(8.4),
    }


def test_drawings_load_nothing_and_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for path in write_scoreboard(BOARD, tmp_path):
        if path.suffix == ".svg":
            ElementTree.fromstring(path.read_text())
            assert "href" not in path.read_text()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputRefused):
        write_scoreboard(BOARD, tmp_path / "file")


def test_the_json_is_flat_as_a_review_is() -> None:
    (service,) = json.loads(scoreboard_to_json(BOARD))["services"]
    assert (service["service"], service["account"], service["region"]) == ("prod/web", "1", "us-east-1")
    assert service["enough"] == [{"cpu": 256, "memory": 1024}, {"cpu": 1024, "memory": 2048}]
