"""The inventory file: legal setups only; refusals name file, service and rule."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from advisor.domain.errors import InputRefused, SizeRefused
from advisor.importer import read_inventory

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "service": "prod/checkout",
    "cpu": 1024,
    "memory": 2048,
    "architecture": "X86_64",
    "os": "LINUX",
    "ephemeral_gib": 20,
    "desired": 2,
    "minimum": 2,
    "maximum": 10,
    "capacity": [{"provider": "FARGATE", "base": 1, "weight": 1}],
    "policies": [
        {
            "type": "TargetTracking",
            "metric": "cpu",
            "target": 70,
            "scale_out_cooldown": 300,
            "scale_in_cooldown": 300,
            "disable_scale_in": False,
        }
    ],
    "schedule": [],
    "tags": {"team": "shop"},
}

STEPS: dict[str, Any] = {"type": "StepScaling", "metric": "cpu", "direction": "out", "threshold": 75}
DAILY: dict[str, Any] = {"expression": "cron(0 8 ? * MON-FRI *)", "timezone": "UTC"}


def write(folder: Path, *services: dict[str, Any], **top: Any) -> Path:
    path = folder / "services.json"
    data = {"format": 1, "account": "111122223333", "region": "us-east-1", "services": list(services), **top}
    path.write_text(json.dumps(data))
    return path


def test_the_documented_example_is_taken(tmp_path: Path) -> None:
    (service,) = read_inventory(write(tmp_path, GOOD), seen_at=NOW).services
    assert (service.id.account, service.id.service) == ("111122223333", "prod/checkout")
    assert (service.setup.size.cpu, service.setup.size.memory) == (1024, 2048)
    assert service.setup.bounds == (2, 10)
    assert service.setup.policies[0].type == "TargetTracking"
    assert service.tags == {"team": "shop"}
    assert service.running is None


def test_optional_keys_may_be_absent(tmp_path: Path) -> None:
    lean = {key: GOOD[key] for key in ("service", "cpu", "memory", "architecture", "os")} | {"desired": 3}
    (service,) = read_inventory(write(tmp_path, lean), seen_at=NOW).services
    assert service.setup.bounds == (3, 3)


def test_actions_that_raise_the_maximum_before_the_minimum_are_taken(tmp_path: Path) -> None:
    schedule = [DAILY | {"maximum": 40}, DAILY | {"minimum": 20}]
    (service,) = read_inventory(write(tmp_path, GOOD | {"schedule": schedule}), seen_at=NOW).services
    assert len(service.setup.schedule) == 2


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_inventory(path, seen_at=NOW).services) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cpu": 300}, "not a Fargate size"),
        ({"memory": 512}, "not a Fargate size.*take"),
        ({"os": "WINDOWS", "cpu": 256, "memory": 512}, "not a Fargate size"),
        ({"os": "WINDOWS", "architecture": "ARM64"}, "Windows"),
        ({"ephemeral_gib": 201}, "20 to 200 GiB"),
        ({"ephemeral_gib": 5}, "20 to 200 GiB"),
        ({"capacity": []}, "bad capacity"),
        ({"capacity": [{"provider": "FARGATE", "weight": 0}]}, "bad capacity"),
        ({"capacity": [{"provider": "FARGATE", "weight": 1001}]}, "bad capacity"),
        ({"capacity": [{"provider": "FARGATE"}, {"provider": "FARGATE"}]}, "each provider once"),
        ({"capacity": [{"provider": "my-asg"}]}, "services.json"),
        ({"os": "WINDOWS", "capacity": [{"provider": "FARGATE_SPOT"}]}, "no Fargate Spot"),
        ({"policies": [{"type": "TargetTracking", "metric": "cpu", "target": 0}]}, "bad target of TargetTracking: 0"),
        ({"policies": [STEPS | {"steps": [[0, 10, 1], [20, None, 2]]}]}, "no hole, no overlap"),
        ({"policies": [STEPS | {"steps": [[0, 10, 1], [5, None, 2]]}]}, "no hole, no overlap"),
        ({"policies": [STEPS | {"steps": [[0, 10, 1]]}]}, "no hole to infinity"),
        ({"policies": [STEPS | {"steps": [[0, None, 1]], "points": 0}]}, "points 0"),
        ({"policies": [{"type": "TargetTracking", "metric": "disk", "target": 9}]}, "services.json"),
        ({"minimum": None, "maximum": None}, "policies without bounds"),
        ({"minimum": 11}, "bounds"),
        ({"maximum": None}, "bound"),
        ({"desired": -1, "minimum": None, "maximum": None, "policies": []}, "desired"),
        ({"schedule": [{"at_tick": 3, "minimum": 1}]}, "bad schedule"),
        ({"schedule": [{"expression": "banana", "minimum": 1}]}, "banana"),
        ({"schedule": [{"expression": "cron(0 8 ? * MON-FRI *)", "timezone": "Mars/North", "minimum": 1}]}, "Mars"),
        ({"schedule": [{"expression": "cron(0 8 ? * MON-FRI *)"}]}, "minimum, maximum or both"),
        ({"schedule": [DAILY | {"minimum": 11}]}, "bounds cross.*minimum 11, maximum 10"),
        ({"schedule": [DAILY | {"maximum": 1}]}, "bounds cross.*minimum 2, maximum 1"),
        ({"schedule": [DAILY | {"minimum": -1}]}, "bounds cross.*minimum -1"),
        ({"schedule": [DAILY | {"minimum": 5, "maximum": 4}]}, "bounds cross.*minimum 5, maximum 4"),
        ({"colour": "red"}, "colour"),
        ({"cpu": "1024"}, "cpu"),
        ({"service": "checkout"}, "service name"),
        ({"service": "prod/" + "x" * 512}, "service name"),
        ({"service": ""}, "service name"),
        ({"tags": {"a": 1}}, "tags|a"),
    ],
)
def test_a_setup_that_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(InputRefused, match=says) as caught:
        read_inventory(write(tmp_path, GOOD | change), seen_at=NOW)
    assert "services.json: services[0]" in str(caught.value)
    assert str(caught.value).isprintable()


def test_an_illegal_size_is_a_size_refused(tmp_path: Path) -> None:
    with pytest.raises(SizeRefused):
        read_inventory(write(tmp_path, GOOD, GOOD | {"service": "a/b", "cpu": 257}), seen_at=NOW)


@pytest.mark.parametrize(
    ("top", "says"),
    [
        ({"format": 2}, "format"),
        ({"services": []}, "no services"),
        ({"services": [GOOD, GOOD]}, "listed twice"),
        ({"account": None}, "services.json"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, top: dict[str, Any], says: str) -> None:
    with pytest.raises(InputRefused, match=says):
        read_inventory(write(tmp_path, **{"services": [GOOD], **top}), seen_at=NOW)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xff\xff", b'{"format": 1, "format": 1}', None])
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "services.json"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InputRefused, match=r"services\.json"):
        read_inventory(path, seen_at=NOW)
    with pytest.raises(InputRefused, match=r"none\.json"):
        read_inventory(tmp_path / "none.json", seen_at=NOW)


def change(at: str, memory: int = 2048, **more: Any) -> dict[str, Any]:
    return {"at": at, "cpu": 1024, "memory": memory, **more}


NOV_1, NOV_16 = "2026-11-01T00:00:00Z", "2026-11-16T09:00:00+09:00"


def test_sizes_say_which_size_tasks_had_when(tmp_path: Path) -> None:
    sizes = [change(NOV_1, 8192), change(NOV_16)]
    (service,) = read_inventory(write(tmp_path, GOOD | {"sizes": sizes}), seen_at=NOW).services
    found = [(f"{one.at.astimezone(UTC):%m-%d %H:%M}", one.size.memory, one.size.cpu) for one in service.sizes]
    assert found == [("11-01 00:00", 8192, 1024), ("11-16 00:00", 2048, 1024)]
    (service,) = read_inventory(write(tmp_path, GOOD | {"sizes": []}), seen_at=NOW).services
    assert service.sizes == ()


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ([change(NOV_1, 8192)], "bad sizes: .*1 vCPU / 8 GiB.*the last is today's size, 1 vCPU / 2 GiB"),
        ([change(NOV_16, 8192), change(NOV_1)], "later than the one before"),
        ([change(NOV_1, 8192), change(NOV_1)], "later than the one before"),
        ([change("2026-11-01T00:00:00")], "an instant with an offset"),
        ([change("yesterday")], "sizes"),
        ([change(NOV_1, 100), change(NOV_16)], "sizes: not a Fargate size"),
        ([{"at": NOV_1, "memory": 2048}], "cpu"),
        ([{"cpu": 1024, "memory": 2048}], "at"),
        ([change(NOV_1, secrets=["a"])], "unknown key"),
        ([3], "not an object"),
        ({"at": NOV_1}, "a list of at, cpu and memory"),
    ],
)
def test_sizes_that_cannot_be_are_refused(tmp_path: Path, sizes: Any, says: str) -> None:
    with pytest.raises(InputRefused, match=says) as caught:
        read_inventory(write(tmp_path, GOOD | {"sizes": sizes}), seen_at=NOW)
    assert "services.json: services[0]" in str(caught.value)
