"""A bill without tags is joined to services by the tasks that a collection saw running."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aws_samples import REGION, client, small_fleet

from advisor.collection import run_collection
from advisor.collector import open_sessions
from advisor.demo.aws.wire import LocalAws
from advisor.domain.reconciliation import OwnerKind, Reconciliation
from advisor.reconciliation import run_reconciliation
from advisor.store import Store, open_store

pytestmark = pytest.mark.usefixtures("endpoint")
NOW = datetime.now(UTC)
ACCOUNT = "123456789012"


def collected(folder: Path, *, now: datetime = NOW) -> Store:
    run_collection(open_store(folder, create=True), open_sessions(profile=None, role_arns=()), [REGION], now=now)
    return open_store(folder)


def bill_of(arns: list[str], path: Path) -> Path:
    """CUR legacy: an hour of each task, with its ARN and no tag."""
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    row = {
        "lineItem/UsageAccountId": ACCOUNT,
        "lineItem/UsageStartDate": f"{hour:%Y-%m-%dT%H:%M:%SZ}",
        "lineItem/UsageEndDate": f"{hour + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "lineItem/LineItemType": "Usage",
        "lineItem/UsageType": "EU-Fargate-vCPU-Hours:perCPU",
        "lineItem/ProductCode": "AmazonECS",
        "lineItem/UsageAmount": "0.5",
        "lineItem/UnblendedCost": "0.02024",
        "lineItem/CurrencyCode": "USD",
    }
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*row, "lineItem/ResourceId"])
        writer.writeheader()
        writer.writerows(row | {"lineItem/ResourceId": arn} for arn in arns)
    return path


def tasks_of(cluster: str) -> list[str]:
    return list(client("ecs").list_tasks(cluster=cluster)["taskArns"])


def billed(result: Reconciliation) -> set[tuple[str, OwnerKind]]:
    return {(o.service, o.kind) for o in result.owners if o.billed_usd + o.outside_usd}


def test_running_tasks_of_services_tell_whose_charges_are_whose(tmp_path: Path) -> None:
    small_fleet()
    store = collected(tmp_path / "store")
    bill = bill_of([*tasks_of("prod"), *tasks_of("my-prod")], tmp_path / "cur.csv")
    expected = {("prod/api", "service"), ("prod/mix", "service"), ("my-prod/api", "service")}
    # `other` runs on EC2, and never stands on a real bill for Fargate: whose its tasks are stays untold
    result = run_reconciliation(store, bill)
    assert billed(result) == {*expected, ("prod/lone", "standalone"), ("prod/(untagged)", "untagged")}
    assert any("3 of 3 services" in note and "enableECSManagedTags" in note for note in result.notes)


def test_a_task_that_was_gone_when_the_next_collection_came_is_still_known(tmp_path: Path, local_aws: LocalAws) -> None:
    small_fleet()
    collected(tmp_path / "store")
    arns = tasks_of("my-prod")
    world = local_aws.state("ecs", ACCOUNT, REGION)["world"]
    for arn in arns:
        world.drop_task(world.tasks[arn])
    client("ecs").update_service(cluster="my-prod", service="api", forceNewDeployment=True)
    store = collected(tmp_path / "store", now=NOW + timedelta(hours=3))
    assert billed(run_reconciliation(store, bill_of(arns, tmp_path / "cur.csv"))) == {("my-prod/api", "service")}
    assert len({run.task for run in store.task_runs}) == len(store.task_runs)


def test_a_fleet_that_stands_still_adds_no_run(tmp_path: Path) -> None:
    small_fleet()
    before = collected(tmp_path / "store").task_runs
    after = collected(tmp_path / "store", now=NOW + timedelta(days=3)).task_runs
    assert [run for run in after if run.service] == [run for run in before if run.service]
