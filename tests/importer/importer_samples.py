"""A small inventory and usage for the tests of the importer."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from advisor.domain.service import ServiceId

GOOD = ["prod/api", "2026-11-01T00:00:00Z", "1", "2", "3", "4", "5", "6"]

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CSV = "service,timestamp,tasks,cpu_avg,cpu_max,memory_avg,memory_max,requests\n"


def inventory_file(folder: Path, **change: Any) -> Path:
    services = [
        {"service": f"prod/{name}", "cpu": 1024, "memory": 2048, "desired": 2, **change} for name in ("checkout", "api")
    ]
    path = folder / "services.json"
    path.write_text(json.dumps({"format": 1, "account": "000022223333", "region": "us-east-1", "services": services}))
    return path


def some_usage(*, step: int = 60, rows: int = 50) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "service": "prod/checkout",
            "timestamp": pd.date_range("2026-11-01", periods=rows, freq=f"{step}s", tz="UTC"),
            "tasks": 2.0,
            "cpu_avg": np.linspace(1, 90, rows),
            "memory_avg": 40.5,
        }
    )


def some_id(name: str = "prod/checkout", account: str = "000022223333", region: str = "us-east-1") -> ServiceId:
    return ServiceId(account=account, region=region, service=name)
