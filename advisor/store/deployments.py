"""Deployments as a table: those that were made in one month lie together."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from advisor.domain.deployments import Deployment, merge_deployments
from advisor.domain.service import ServiceId
from advisor.store.tables import Table

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("service", "deployment", "status", "task_definition")),
        *((name, pa.timestamp("us", tz="UTC")) for name in ("created", "started", "finished")),
    ]
)


def _where(deployment: Deployment) -> tuple[str, str, datetime]:
    return deployment.id.account, deployment.id.region, deployment.created


def _row(deployment: Deployment) -> dict[str, Any]:
    told = {name: getattr(deployment, name) for name in SCHEMA.names if name != "service"}
    return told | {"service": deployment.id.service}


def _deployment(account: str, region: str, row: dict[str, Any]) -> Deployment:
    told = {name: value for name, value in row.items() if name != "service"}
    return Deployment(id=ServiceId(account=account, region=region, service=row["service"]), **told)


DEPLOYMENTS: Table[Deployment] = Table(
    name="deployments",
    schema=SCHEMA,
    where=_where,
    row=_row,
    record=_deployment,
    merge=merge_deployments,
)
