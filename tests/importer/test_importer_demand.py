"""The demand file of a replay: exact numbers, no gaps."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from advisor.domain.errors import InputRefused, SetupRefused
from advisor.importer import read_demand


def write(folder: Path, text: str) -> Path:
    path = folder / "demand.csv"
    path.write_text(text)
    return path


def test_numbers_are_taken_to_the_last_bit(tmp_path: Path) -> None:
    want = np.random.default_rng(3).uniform(0, 50, 500)
    text = "demand_vcpu\n" + "\n".join(f"{v:.17g}" for v in want) + "\n"
    load = read_demand(write(tmp_path, text), tick_seconds=60)
    np.testing.assert_array_equal(load.vcpu, want)
    assert (load.requests, load.deploying, load.start, load.filled) == (None, None, None, 0)


def test_all_columns_are_taken(tmp_path: Path) -> None:
    text = "timestamp,demand_vcpu,requests,deploying\n2026-11-01T00:00:00Z,1,5,0\n2026-11-01T00:00:20Z,2,6,1\n"
    load = read_demand(write(tmp_path, text), tick_seconds=20, region="eu-west-1")
    assert load.start == datetime(2026, 11, 1, tzinfo=UTC)
    assert load.requests.tolist() == [5, 6]
    assert load.deploying.tolist() == [False, True]
    assert (load.tick_seconds, load.region) == (20, "eu-west-1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("demand_vcpu,deploying\n1,2\n", "row 2, column deploying: bad flag"),
        ("demand_vcpu\n-1\n", "row 2, column demand_vcpu: negative"),
        ("demand_vcpu\nx\n", "not a number"),
        ("demand\n1\n", "missing column"),
        ("demand_vcpu,colour\n1,red\n", "extra column"),
        ("demand_vcpu\n", "no rows"),
    ],
)
def test_what_breaks_a_rule_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputRefused, match=says):
        read_demand(write(tmp_path, text), tick_seconds=60)


@pytest.mark.parametrize(
    "text",
    [
        "demand_vcpu,requests\n1,1\n1,\n",
        "demand_vcpu\n1\n\n2\n",
        "demand_vcpu,timestamp\n1,2026-11-01T00:00:00Z\n1,2026-11-01T00:05:00Z\n",
        "demand_vcpu,timestamp\n1,2026-11-01T00:01:00Z\n1,2026-11-01T00:00:00Z\n",
    ],
)
def test_a_replay_has_no_gaps(tmp_path: Path, text: str) -> None:
    with pytest.raises(SetupRefused, match="row 3"):
        read_demand(write(tmp_path, text), tick_seconds=60)
