"""What the margins of the advice cost and prevent: the procedure scored on held-out days, with several margins.

    .venv/bin/python benchmarks/make_interface_files.py ../shared/traces OUT
    .venv/bin/advisor import OUT/usage.parquet --services OUT/services.json --store OUT/store
    .venv/bin/python benchmarks/margins.py OUT/store

Services without advice (thin, full of gaps, saturated) are left out. Costs are those of the held-out days, per
month of 730 hours, summed over the services.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from advisor.advice.backtest import score_held_out
from advisor.advice.rules import CAUTIOUS, FEWEST_DAYS, MOST_GAP_SHARE, NONE, USUAL
from advisor.advice.subject import Subject, subject_of, with_stretches
from advisor.domain.settings import Config
from advisor.profile import fit_profile, infer_demand
from advisor.store import Store, open_store

TRIED = (
    NONE,
    *(replace(USUAL, growth=growth, steady_growth=growth) for growth in (1.0, 1.05, 1.1)),
    replace(USUAL, memory=1.0),
    CAUTIOUS,
)


def subjects(store: Store) -> Iterator[Subject]:
    """Every service that advice is given on."""
    for service in store.services:
        demand = infer_demand(store.usage(service), service)
        profile = fit_profile(demand)
        if profile.days < FEWEST_DAYS or profile.gap_share > MOST_GAP_SHARE:
            continue
        subject = subject_of(service, demand, profile, store.prices, Config())
        if not subject.saturated:
            yield with_stretches(subject)


def main() -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    found = list(subjects(open_store(parser.parse_args().store)))
    print(f"{len(found)} services")
    for margins in TRIED:
        scores = [score_held_out(subject, margins) for subject in found]
        breached = sum(score.backtest.memory_breached for score in scores)
        missed = sum(bool(score.missed) for score in scores)
        cost = sum(score.backtest.cost_usd for score in scores)
        print(f"{margins}: {missed} missed a limit, {breached} of them memory; {cost:,.0f} USD a month")


if __name__ == "__main__":
    main()
