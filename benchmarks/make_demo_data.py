"""Make the demo's traces from a folder of public traces.

    .venv/bin/python benchmarks/make_demo_data.py ../shared/traces

Writes advisor/demo/data/traces.parquet (the samples) and traces.csv (where each comes from). Only sources
whose licence allows shipping are read. What is done to a sample: one fortnight is cut out, instants become
the minute of the fortnight, values are rounded to four significant digits. Nothing is filled in.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).parent.parent / "advisor" / "demo" / "data"
FORTNIGHT = 14 * 24 * 60  # minutes
MONDAY = pd.Timestamp("1970-01-05", tz="UTC")


@dataclass(frozen=True)
class Pick:
    """One series to ship: its name here, where it is there, and what it measures."""

    name: str
    file: str
    entity: str
    column: str
    step_seconds: int
    start: str | None = None  # None = the first instant
    weekday_known: bool = True


PICKS = (
    Pick("functions-steady", "azure_functions_2019", "fn_2aec780b", "requests", 60, None, False),
    Pick("functions-evening", "azure_functions_2019", "fn_9c61f960", "requests", 60, None, False),
    Pick("nasa-www", "nasa_http_1995", "nasa_ksc_www", "requests", 60, "1995-07-05"),
    Pick("crane-9", "crane_dsp_unknown_unit", "input9", "load_raw", 60),
    Pick("crane-12", "crane_dsp_unknown_unit", "input12", "load_raw", 60),
    Pick("crane-13", "crane_dsp_unknown_unit", "input13", "load_raw", 60),
    Pick("crane-14", "crane_dsp_unknown_unit", "input14", "load_raw", 60),
    Pick("crane-15", "crane_dsp_unknown_unit", "input15", "load_raw", 60, "2022-06-16"),
    Pick("google-22", "google2019_tasks", "collection113/instance22", "cpu_percent", 300, "2019-05-16T14:05"),
    Pick("google-75", "google2019_tasks", "collection113/instance75", "cpu_percent", 300, "2019-05-01T06:55"),
    Pick("jumpstarter-13", "jumpstarter_services", "d3_13", "cpu_percent", 300, None, False),
    Pick("azure-vm-0", "azure_vm_cpu", "c_0", "cpu_percent", 300, None, False),
    Pick("azure-vm-6", "azure_vm_cpu", "c_6", "cpu_percent", 300, None, False),
    Pick("bitbrains-190", "opendc_bitbrains_small", "fast_190", "cpu_percent", 300, "2013-08-12T13:40"),
    Pick("bitbrains-871", "opendc_bitbrains_small", "fast_871", "cpu_percent", 300, "2013-08-12T13:40"),
    Pick("bitbrains-1026", "opendc_bitbrains_small", "fast_1026", "cpu_percent", 300, "2013-08-12T13:40"),
    Pick("nab-rds", "nab_cloudwatch", "rds_cpu_utilization_cc0c53", "cpu_percent", 300),
    Pick("nab-ec2", "nab_cloudwatch", "ec2_cpu_utilization_5f5533", "cpu_percent", 300),
)


def cut(pick: Pick, traces: Path) -> pd.DataFrame:
    """One fortnight of one series: minute of the fortnight, load, memory."""
    frame = pd.read_parquet(traces / f"{pick.file}.parquet")
    frame = frame[frame.entity == pick.entity].dropna(subset=[pick.column])
    start = pd.Timestamp(pick.start, tz="UTC") if pick.start else frame.timestamp.min()
    first = start.floor(f"{pick.step_seconds}s")
    stamp = frame.timestamp.dt.floor(f"{pick.step_seconds}s")
    mean = frame.groupby(stamp)[[pick.column, "memory_percent"]].mean()
    mean = mean[(mean.index >= first) & (mean.index < first + pd.Timedelta(minutes=FORTNIGHT))]
    monday = MONDAY if pick.weekday_known else first.normalize()
    minute = (mean.index - monday) // pd.Timedelta(minutes=1) % FORTNIGHT
    out = pd.DataFrame({"series": pick.name, "minute": minute.astype("int16").to_numpy()})
    out["load"] = four_digits(mean[pick.column].to_numpy())
    out["memory"] = four_digits(mean["memory_percent"].to_numpy())
    return out.sort_values("minute")


def four_digits(values: np.ndarray) -> np.ndarray:
    """Rounded to four significant digits, as float32."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (3 - np.floor(np.log10(np.abs(values))))
        rounded = np.where(values == 0, 0.0, np.round(values * scale) / scale)
    return rounded.astype("float32")


def note(pick: Pick, frame: pd.DataFrame) -> dict[str, object]:
    """One row of traces.csv: where a series comes from and what its numbers are."""
    units = {"load_raw": "no documented unit", "requests": "requests per minute"}
    return {
        "series": pick.name,
        "source": pick.file,
        "entity": pick.entity,
        "load": units.get(pick.column, "percent of the machine's or task's own CPU"),
        "memory": "percent of the task's own limit" if frame.memory.notna().any() else "",
        "step_seconds": pick.step_seconds,
        "weekday_known": pick.weekday_known,
        "coverage": round(len(frame) * pick.step_seconds / 60 / FORTNIGHT, 3),
    }


def main() -> None:
    """Write both files and say how large they are."""
    frames = [cut(pick, Path(sys.argv[1])) for pick in PICKS]
    table = pa.Table.from_pandas(pd.concat(frames), preserve_index=False)
    pq.write_table(
        table.replace_schema_metadata(None),
        OUT / "traces.parquet",
        compression="zstd",
        compression_level=19,
        use_dictionary=["series", "load", "memory"],
        column_encoding={"minute": "DELTA_BINARY_PACKED"},
    )
    notes = pd.DataFrame([note(pick, frame) for pick, frame in zip(PICKS, frames, strict=True)])
    notes.to_csv(OUT / "traces.csv", index=False)
    print(notes.to_string())
    print(f"traces.parquet: {(OUT / 'traces.parquet').stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
