import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from advisor.demo import fleet
from advisor.demo.run import MARK, demo_commands, demo_environment, run_demo
from advisor.domain.errors import InputRefused


class Commands:
    """Stands in for the processes: remembers what was run, and fails where it is told to."""

    def __init__(self, **codes: int) -> None:
        self.codes, self.ran, self.environments = codes, [], []

    def __call__(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        assert command[:3] == [sys.executable, "-m", "advisor"]
        self.ran.append(command[3])
        self.environments.append(environment)
        return self.codes.get(command[3], 0)


@pytest.fixture(autouse=True)
def _no_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "build_fleet", lambda _, **__: None)


def test_the_ordinary_commands_run_in_order(tmp_path: Path) -> None:
    said, commands = [], Commands()
    summary = run_demo(tmp_path / "demo", say=said.append, execute=commands)
    assert commands.ran == ["collect", "review", "report", "plan", "apply", "undo"]
    assert (summary.exit_code, summary.failed, summary.review) == (0, None, None)
    assert next(line.split()[1:3] for line in said if line.startswith("\n$")) == ["advisor", "collect"]


def test_services_skipped_are_no_failure(tmp_path: Path) -> None:
    commands = Commands(collect=1, review=1, plan=1)
    assert run_demo(tmp_path, say=lambda _: None, execute=commands).exit_code == 0
    assert commands.ran[-1] == "undo"


def test_the_demo_stops_at_the_first_command_that_fails(tmp_path: Path) -> None:
    commands = Commands(review=2)
    summary = run_demo(tmp_path, say=lambda _: None, execute=commands)
    assert commands.ran == ["collect", "review"]
    assert summary.exit_code == 2
    assert summary.failed is not None
    assert summary.failed.startswith("advisor review")


def test_commands_see_the_local_aws_and_no_other_aws_setting(tmp_path: Path) -> None:
    mine = {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "x", "AWS_ENDPOINT_URL_ECS": "https://a", "HOME": "/h"}
    seen = demo_environment("http://127.0.0.1:1", mine)
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert seen["HOME"] == "/h"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_ECS"} & set(seen)
    assert "127.0.0.1" in seen["NO_PROXY"].split(",")
    commands = Commands()
    run_demo(tmp_path, say=lambda _: None, execute=commands)
    assert all(e["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:") for e in commands.environments)


def test_every_command_stays_in_the_folder(tmp_path: Path) -> None:
    paths = [a for c in demo_commands(tmp_path / "d") for a in c if "/" in a and not a.startswith("--role-arn")]
    assert paths
    assert all(path.startswith(str(tmp_path / "d")) for path in paths)


@pytest.mark.parametrize("name", ["store", "plan.json"])
def test_what_no_demo_made_is_never_written_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(InputRefused, match="no demo made"):
        run_demo(tmp_path, say=lambda _: None, execute=Commands())
    assert (tmp_path / name).is_dir()


def test_a_second_demo_begins_with_an_empty_store(tmp_path: Path) -> None:
    run_demo(tmp_path, say=lambda _: None, execute=Commands())
    assert (tmp_path / MARK).exists()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "old").touch()
    (tmp_path / "review.json").write_text("old")
    assert run_demo(tmp_path, say=lambda _: None, execute=Commands()).review is None
    assert not (tmp_path / "store").exists()


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputRefused, match="cannot be written"):
        run_demo(tmp_path / "file", say=lambda _: None, execute=Commands())
