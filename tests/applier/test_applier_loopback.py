"""Collect, plan, apply, undo over HTTP against the local AWS, with botocore's parsers and validators between."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from applier_fleet import REGION, RESOURCE, Fleet, put_alarm, put_every_policy
from applier_world import SECRETS

from advisor.applier.aws import Aws
from advisor.applier.description import describe, differences
from advisor.applier.live import read_live
from advisor.codec import to_json
from advisor.collector import collect_inventory
from advisor.demo.aws.wire import ACCOUNT, AwsError, Call, LocalAws
from advisor.domain.errors import ApplyFailed, ApplyRefused
from advisor.fargate.rights import actions


@pytest.fixture
def fleet(local_aws: LocalAws, endpoint: str, tmp_path: Path) -> Fleet:
    assert endpoint
    return Fleet(local_aws, tmp_path)


def test_the_server_holds_the_recommended_revision_and_policy_then_what_it_held_before(fleet: Fleet) -> None:
    before, plan = fleet.state(), fleet.plan()
    assert (len(plan.changes), plan.not_planned) == (2, ())
    applied = fleet.apply(plan)
    held = fleet.state()
    assert [arn.rpartition(":")[2] for _, arn in held["services"]] == ["2", "2"]
    assert held["bounds"] == (1, 10)
    assert (held["policy"]["TargetValue"], held["policy"]["ScaleOutCooldown"]) == (55.0, 60)
    assert not any(done.rolling for done in applied.changes)
    fleet.undo()
    assert fleet.state() == before


def test_every_field_but_the_size_is_carried_over_tags_too(fleet: Fleet) -> None:
    old = fleet.definition("checkout")
    fleet.apply(fleet.plan())
    new = fleet.definition("checkout")
    own = {"taskDefinitionArn", "revision", "registeredAt", "cpu", "memory", "containerDefinitions"}
    assert {k: v for k, v in new.items() if k not in own} == {k: v for k, v in old.items() if k not in own}
    assert (new["cpu"], new["memory"]) == ("512", "1024")
    assert new["containerDefinitions"] == [{**old["containerDefinitions"][0], "cpu": 512, "memory": 1024}]


def test_what_was_collected_is_what_apply_reads(fleet: Fleet) -> None:
    for change in fleet.plan().changes:
        assert read_live(Aws(fleet.client, change.id)).description == change.expects


def test_every_kind_of_policy_reads_as_it_was_collected(fleet: Fleet) -> None:
    put_every_policy(fleet)
    for service in collect_inventory(fleet.sessions[0], REGION, now=datetime.now(UTC)).services:
        live = read_live(Aws(fleet.client, service.id)).description
        assert list(differences(describe(service), live)) == []
        assert len(live["policies"]) == (6 if service.scaling else 0)


def test_a_step_alarm_moved_by_hand_is_named(fleet: Fleet) -> None:
    put_every_policy(fleet)
    found = collect_inventory(fleet.sessions[0], REGION, now=datetime.now(UTC)).services
    scaled = next(service for service in found if service.scaling)
    arn = next(policy.arn for policy in scaled.scaling.policies if policy.name == "burst")  # type: ignore[union-attr]
    put_alarm(fleet, arn, threshold=90.0)
    live = read_live(Aws(fleet.client, scaled.id)).description
    expected = ["alarms.hot.threshold: expected 80.0, live 90.0"]
    assert list(differences(describe(scaled), live)) == expected


def test_a_hand_change_refuses_over_http_too(fleet: Fleet) -> None:
    plan = fleet.plan()
    fleet.scaling("RegisterScalableTarget", **RESOURCE, MinCapacity=3, MaxCapacity=10)
    fleet.ecs("UpdateService", cluster="prod", service="cart", desiredCount=5)
    held = fleet.state()
    with pytest.raises(ApplyRefused) as error:
        fleet.apply(plan)
    assert "desired_count: expected 4, live 5" in str(error.value)
    assert "scalable_target.minimum: expected 2, live 3" in str(error.value)
    assert (fleet.state(), fleet.journal.exists()) == (held, False)


def test_a_rollout_is_waited_for(fleet: Fleet) -> None:
    plan = fleet.plan()
    fleet.aws.state("ecs", ACCOUNT, REGION)["deployment_seconds"] = 0.2
    applied = fleet.apply(plan)
    assert [done.rolling for done in applied.changes] == [False, False]


@pytest.mark.parametrize("action", ["RegisterTaskDefinition", "UpdateService", "PutScalingPolicy"])
def test_a_call_that_aws_refuses_is_rolled_back_over_http(fleet: Fleet, action: str) -> None:
    before, plan = fleet.state(), fleet.plan()
    scaled = replace(plan, changes=tuple(c for c in plan.changes if c.id.name == "checkout"))
    left = [1]

    def deny(call: Call) -> None:
        if call.action == action and left:
            left.pop()
            raise AwsError("AccessDeniedException", f"not authorized: {call.params}")

    fleet.aws.before.append(deny)
    with pytest.raises(ApplyFailed, match=r"AccessDeniedException.*Rolled back: it stands as before"):
        fleet.apply(scaled)
    assert fleet.state() == before


def test_no_secret_leaves_by_file_error_or_log(
    fleet: Fleet, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("INFO")
    plan = fleet.plan()
    (tmp_path / "plan.json").write_text(to_json(plan), encoding="utf-8")
    fleet.apply(plan)
    fleet.undo()
    fleet.aws.before.append(quote_the_request)
    fleet.journal = tmp_path / "second.journal"
    with pytest.raises(ApplyFailed) as failed:
        fleet.apply(plan)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    said = str(failed.value) + caplog.text + "".join(capfd.readouterr())
    assert written
    assert not [secret for secret in SECRETS if secret.encode() in written or secret in said]


def quote_the_request(call: Call) -> None:
    if call.action == "RegisterTaskDefinition":
        raise AwsError("ClientException", f"Invalid request: {call.params}")


def test_apply_and_undo_ask_only_for_the_rights_of_the_apply_policy(fleet: Fleet) -> None:
    plan, asked = fleet.plan(), set[str]()
    fleet.aws.before.append(lambda call: asked.add(f"{call.service}:{call.action}"))
    fleet.apply(plan)
    fleet.undo()
    assert asked
    assert asked <= actions("apply")
