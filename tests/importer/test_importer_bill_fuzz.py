"""Whatever stands in a bill, it is read or refused in one line; nothing else happens."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bill_formats import cur2_parquet, focus_csv
from bill_world import simulated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.domain.errors import InputRefused
from advisor.importer import read_bill

ROWS = [row for row in simulated().rows if "Fargate" in row.usage_type and row.line_type != "Tax"][:12]
CELLS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    st.sampled_from(
        [
            "",
            "-0",
            "1e400",
            "-1e-400",
            "nan",
            "inf",
            "0x1",
            "１２",
            '"',
            "\n",
            "\r",
            "=1",
            "9" * 70,
            "{}",
            "[]",
            "[" * 20_000,
        ]
    ),
    st.floats(allow_nan=True).map(str),
    st.datetimes().map(str),
)
COLUMNS = (
    *("SubAccountId", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "SkuMeter", "ConsumedQuantity"),
    *("BilledCost", "EffectiveCost", "ListCost", "CommitmentDiscountId", "RegionId", "ResourceId", "Tags"),
)
OTHER_TYPES = {
    "line_item_usage_amount": pa.array([{"a": 1}]),
    "line_item_unblended_cost": pa.array([[1.5]]),
    "line_item_usage_start_date": pa.array([12], pa.int64()),
    "line_item_usage_account_id": pa.array([b"\xff\xfe"]),
    "line_item_usage_type": pa.array([True]),
    "line_item_product_code": pa.array([{"a": 1}]),
    "resource_tags": pa.array([{"aws_ecs_service_name": "web"}]),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    with focus_csv(ROWS, tmp_path_factory.mktemp("bill"), version="1.2").open(newline="") as file:
        return list(csv.reader(file))


@given(column=st.sampled_from(COLUMNS), row=st.integers(1, 8), cell=CELLS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cell_is_read_or_refused(column: str, row: int, cell: str, table: list[list[str]], tmp_path: Path) -> None:
    lines = [list(line) for line in table]
    lines[1 + row % (len(lines) - 1)][lines[0].index(column)] = cell
    path = tmp_path / "bill.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    said = ""
    try:
        read_bill(path)
    except InputRefused as error:
        said = str(error)
    assert said == "" or ("bill.csv" in said and said.isprintable())


@pytest.mark.parametrize("column", OTHER_TYPES)
def test_a_column_of_another_type_is_refused(column: str, tmp_path: Path) -> None:
    path = cur2_parquet(ROWS, tmp_path)
    whole = pq.read_table(path)
    values = pa.concat_arrays([OTHER_TYPES[column]] * whole.num_rows)
    pq.write_table(whole.set_column(whole.column_names.index(column), column, values), path)
    with pytest.raises(InputRefused) as refused:
        read_bill(path)
    assert "cur2-00001" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_broken_end_is_refused(tmp_path: Path) -> None:
    path = cur2_parquet(ROWS, tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputRefused, match="cannot be read"):
        read_bill(path)
