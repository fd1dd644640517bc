"""The whole house, through the commands that a user types, over HTTP, on a part of the demo fleet."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from advisor.codec import from_json, review_from_json
from advisor.demo import fleet
from advisor.demo import fleet_services as services
from advisor.demo.aws.wire import LocalAws, serve
from advisor.demo.fleet_control import ask
from advisor.demo.run import DemoSummary, demo_commands, demo_environment, run_demo
from advisor.domain.finding import Advice, Review
from advisor.domain.plan import Plan
from advisor.domain.service import ServiceId

PART = (
    services.STOREFRONT_API,
    services.CHECKOUT,
    services.RECOMMENDER,
    services.SEARCH,
    services.NOTIFICATIONS,
    services.PRICE_FEED,
    services.INGEST,
    services.MLFLOW,
)
Live = dict[str, Any]


class Walk:
    """One run of the demo: what was said, what every command wrote to the terminal, what AWS held after it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said, self.heard = folder, [], {}
        self.live: dict[str, dict[ServiceId, Live]] = {}
        self.aws: LocalAws
        self.summary: DemoSummary

    def build(self, aws: LocalAws, **more: Any) -> None:
        self.aws = aws
        partial(fleet_build, services=PART)(aws, **more)

    def execute(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        self.heard[command[3]] = done.stdout + done.stderr
        self.live[command[3]] = {service.id: live_state(self.aws, service.id) for service in PART}
        return done.returncode


fleet_build = fleet.build_fleet


def live_state(aws: LocalAws, id: ServiceId) -> Live:
    """What a change of advisor could change, as AWS tells it now."""
    described = ask(aws, id, "ecs", "DescribeServices", cluster=id.cluster, services=[id.name], include=["TAGS"])
    service = described["services"][0]
    definition = ask(aws, id, "ecs", "DescribeTaskDefinition", taskDefinition=service["taskDefinition"])
    scaling = partial(ask, aws, id, "application-autoscaling", ServiceNamespace="ecs")
    targets = scaling("DescribeScalableTargets", ResourceIds=[f"service/{id.service}"])["ScalableTargets"]
    policies = scaling("DescribeScalingPolicies", ResourceId=f"service/{id.service}")["ScalingPolicies"]
    kept = ("taskDefinition", "desiredCount", "capacityProviderStrategy", "launchType", "tags")
    family = ask(aws, id, "ecs", "DescribeTaskDefinition", taskDefinition=definition["taskDefinition"]["family"])
    return {
        **{key: service.get(key) for key in kept},
        "size": (int(definition["taskDefinition"]["cpu"]), int(definition["taskDefinition"]["memory"])),
        "newest of family": family["taskDefinition"]["taskDefinitionArn"],
        "bounds": [(t["MinCapacity"], t["MaxCapacity"]) for t in targets],
        "policies": [
            (p["PolicyName"], p["PolicyType"], p.get("TargetTrackingScalingPolicyConfiguration")) for p in policies
        ],
    }


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    made = Walk(tmp_path_factory.mktemp("demo") / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fleet, "build_fleet", made.build)
        made.summary = run_demo(made.folder, say=made.said.append, execute=made.execute)
    for command, heard in made.heard.items():  # a program that does not even start ends with 1, as after skipping
        assert b"Traceback" not in heard, f"{command}: {heard.decode()[-2000:]}"
    assert made.summary.exit_code == 0, f"{made.summary.failed}: {list(made.heard.values())[-1].decode()[-2000:]}"
    assert made.summary.review is not None
    return made


@pytest.fixture(scope="module")
def review(walk: Walk) -> Review:
    path = walk.folder / "review.json"
    return review_from_json(path.read_text(encoding="utf-8"), where=str(path))


def advice_of(review: Review, id: ServiceId) -> Advice:
    return next(advice for advice in review.services if advice.id == id)


def test_every_service_is_reviewed_and_what_is_not_covered_is_listed(review: Review) -> None:
    assert {advice.id for advice in review.services} == {service.id for service in PART}
    skipped = " ".join(f"{one.service} {one.reason}" for one in review.totals.skipped)
    assert services.ON_EC2.service in skipped


def test_tasks_without_a_service_have_a_line_with_their_cost(review: Review) -> None:
    (family,) = review.standalone
    assert (family.service, family.runs, family.failed) == ("data/data-hourly-report", 1, 0)
    seconds = Decimal(34 * 60 - 20 * 60 - 12)  # from the image pull on, 12 s after the task was made
    hourly = Decimal("0.04048") + 4 * Decimal("0.004445")  # 1 vCPU and 4 GB in us-east-1
    assert family.usd_month == round(730 * seconds / 3600 * hourly, 2)


def test_the_demo_finds_money(review: Review) -> None:
    assert review.totals.recommended_usd_month < review.totals.current_usd_month
    assert advice_of(review, services.CHECKOUT.id).verdict == "change"


def test_the_report_agrees_with_the_review(walk: Walk, review: Review) -> None:
    for name in ("review.html", "review.md", "review.csv"):
        assert (walk.folder / name).stat().st_size > 500
    with (walk.folder / "review.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + len(review.services)


def test_three_samples_a_minute_are_seen_and_told(review: Review) -> None:
    assert "task-factor" in {caution.code for caution in advice_of(review, services.INGEST.id).cautions}


def test_what_container_insights_saw_of_a_sidecar_and_of_storage_is_told(review: Review) -> None:
    told = {caution.code: caution.text for caution in advice_of(review, services.RECOMMENDER.id).cautions}
    assert "envoy at most 0.5 GiB (held 0.4" in told["containers"]
    assert "at its limit it is killed, whatever the task has" in told["container-near-limit"]
    assert "The container envoy restarted at least 3 times, on " in told["container-restarts"]
    assert "likely it was killed there" in told["container-restarts"]
    assert "app" in told["containers-hold-memory"].partition("What they held")[2]


def test_what_cloudformation_owns_is_planned_as_a_patch_and_not_as_calls(walk: Walk, review: Review) -> None:
    plan = from_json(Plan, (walk.folder / "plan.json").read_text(encoding="utf-8"), where="plan")
    owned = services.PRICE_FEED.id
    assert owned not in {change.id for change in plan.changes}
    if advice_of(review, owned).verdict == "change":
        assert owned in {one.id for one in plan.not_planned}


def test_after_apply_aws_holds_what_was_recommended(walk: Walk, review: Review) -> None:
    plan = from_json(Plan, (walk.folder / "plan.json").read_text(encoding="utf-8"), where="plan")
    assert plan.changes
    for change in plan.changes:
        wanted = advice_of(review, change.id).recommended
        assert wanted is not None
        held = walk.live["apply"][change.id]
        assert held["size"] == (wanted.size.cpu, wanted.size.memory)
        if wanted.minimum is not None:
            assert held["bounds"] == [(wanted.minimum, wanted.maximum)]
        targets = [configuration["TargetValue"] for _, _, configuration in held["policies"] if configuration]
        assert targets == [policy.target for policy in wanted.policies if policy.type == "TargetTracking"]
        assert held != walk.live["plan"][change.id]


def test_reading_commands_change_nothing(walk: Walk) -> None:
    assert walk.live["collect"] == walk.live["review"] == walk.live["report"] == walk.live["plan"]


def test_after_undo_aws_holds_what_it_held_before(walk: Walk) -> None:
    assert walk.live["undo"] == walk.live["plan"]


def test_a_change_by_hand_after_the_plan_makes_apply_refuse_and_name_it(walk: Walk) -> None:
    id = services.CHECKOUT.id
    by_hand = partial(ask, walk.aws, id, "ecs", "UpdateService", cluster=id.cluster, service=id.name)
    before = live_state(walk.aws, id)
    by_hand(desiredCount=7)
    try:
        with serve(walk.aws) as endpoint:
            command = next(c for c in demo_commands(walk.folder) if c[0] == "apply")
            again = [part.replace("/journal", "/second-journal") for part in command]
            environment = demo_environment(endpoint, os.environ)
            program = [sys.executable, "-m", "advisor", *again]
            done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 4
        assert "prod/checkout" in said
        assert "7" in said
        assert "Traceback" not in said
        assert live_state(walk.aws, id) == before | {"desiredCount": 7}
    finally:
        by_hand(desiredCount=before["desiredCount"])


def test_the_fleet_does_hold_secrets(walk: Walk) -> None:
    for service in PART:
        shown = ask(walk.aws, service.id, "ecs", "DescribeTaskDefinition", taskDefinition=service.slug)
        assert [value for value in fleet.canaries(service.slug).values() if value not in json.dumps(shown)] == []


def test_no_secret_is_in_any_byte_written(walk: Walk) -> None:
    written = [path for path in walk.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".parquet" for path in written)
    assert any(path.name == "journal" for path in written)
    contents = {path: everything_in(path) for path in written}
    assert any(b"checkout" in content for content in contents.values())  # the search does find what is there
    assert [path.name for path, content in contents.items() if fleet.CANARY.encode() in content] == []
    assert [command for command, heard in walk.heard.items() if fleet.CANARY.encode() in heard] == []


def everything_in(path: Path) -> bytes:
    """The bytes of a file; of a Parquet file also what they unpack to."""
    raw = path.read_bytes()
    if path.suffix != ".parquet":
        return raw
    table = pq.read_table(path)
    columns = [table[field.name] for field in table.schema if not pa.types.is_floating(field.type)]
    plain = [column if pa.types.is_nested(column.type) else column.unique() for column in columns]
    text = [json.dumps(column.to_pylist(), default=str) for column in plain]
    return raw + str(table.schema.metadata).encode() + "".join(text).encode()
