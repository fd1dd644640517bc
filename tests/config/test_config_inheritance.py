"""Limits of an override."""

from pathlib import Path

from advisor.config import load_config
from advisor.domain.settings import Limits


def test_limits_that_an_override_does_not_name_are_those_of_the_file(tmp_path: Path):
    path = tmp_path / "advisor.toml"
    path.write_text(
        "[limits]\ncpu_throttled_share = 0.02\nminimum_tasks = 3\n\n"
        '[[override]]\nservice = "prod/*"\nlimits = {minimum_tasks = 1}\n\n'
        '[[override]]\nservice = "dev/*"\naction = "ignore"\n'
    )
    config = load_config(path)
    assert config.limits == Limits(cpu_throttled_share=0.02, minimum_tasks=3)
    assert config.overrides[0].limits == Limits(cpu_throttled_share=0.02, minimum_tasks=1)
    assert config.overrides[1].limits is None
