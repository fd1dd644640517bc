"""Small services, frames and folders for the tests of the store."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.domain.inventory import Service
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.store.usage import COLUMNS

NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
HOSTILE = "prod/=cmd|'/C calc'!A1 <script>\x1b[31m../..\u202e,\"'"


def some_id(name: str = "prod/api", account: str = "000000000042", region: str = "eu-west-1") -> ServiceId:
    return ServiceId(account=account, region=region, service=name)


def some_frame(start: datetime, minutes: int, *, seed: int = 1) -> pd.DataFrame:
    values = np.random.default_rng(seed).uniform(0, 100, (minutes, len(COLUMNS))).astype("float32")
    index = pd.date_range(start, periods=minutes, freq="60s", name="ts")
    return pd.DataFrame(values, columns=list(COLUMNS), index=index)


def some_service(id: ServiceId, *, desired: int = 2, seen_at: datetime = NOW) -> Service:
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=desired)
    return Service(id=id, setup=setup, seen_at=seen_at)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
