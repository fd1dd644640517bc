"""`import advisor as ad`: every public name is there, and what a replay failed is counted as the advice counts it."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import advisor as ad
from advisor import api
from advisor.domain.errors import NoData
from advisor.store import open_store
from tests.service_worlds import World, fixed, level, lived, service_of


def test_every_public_name_is_there() -> None:
    assert [name for name in api.__all__ if not hasattr(ad, name)] == []


def test_a_score_names_the_work_and_the_time_that_a_replay_failed_and_the_memory_it_needs() -> None:
    # Half of the days at 1 vCPU, half at 3; the hottest of two tasks does a quarter more than the average.
    half = level(1, days=3)
    setup = fixed(2, vcpu=2, gib=4)
    service = service_of(setup)
    demand = ad.infer_demand(
        lived(World(vcpu=np.concatenate((half, 3 * half)), hot=1.25, base_mib=512), setup), service
    )
    smaller = ad.simulate(demand, ad.replace(setup, size=ad.TaskSize.of(vcpu=1, gib=2)))
    found = ad.score(smaller, demand, ad.fit_profile(demand))
    assert abs(found.unmet_share - 1 / 4) < 1e-4  # 1 of 3 vCPU, half of the time: 1 of 1 + 3
    assert abs(found.throttled_share - 1 / 2) < 1e-4
    assert found.memory_peak_mib is not None
    assert abs(found.memory_peak_mib - 512) < 1


def test_the_demo_is_found_from_the_folder_of_the_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    with pytest.raises(NoData, match="make demo"):
        ad.open_demo()
    made = open_store(tmp_path / "reports" / "demo" / "store", create=True)
    made.compact(datetime(2026, 11, 23, tzinfo=UTC))
    assert ad.open_demo().services == ()
