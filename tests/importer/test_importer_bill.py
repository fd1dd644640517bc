"""Bills: every spelling of the same bill is the same charges; what cannot be read is refused where it stands."""

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from bill_formats import WRITERS, cur2_parquet, cur_legacy_csv, focus_csv
from bill_world import ACCOUNT, World, fargate, simulated

from advisor.demo.aws.faults import fault, unavailable
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.domain.charges import SUMS
from advisor.domain.errors import AwsFailed, InputRefused
from advisor.importer import read_bill
from advisor.importer.bill_columns import SPELLINGS

MEASURED = ("used", "used_of")  # FOCUS has no split-cost columns


@pytest.fixture(scope="module")
def world() -> World:
    return simulated()


def edited(path: Path, **cells: str) -> Path:
    """The CSV with cells of its third row changed."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for name, value in cells.items():
        rows[2][rows[0].index(name)] = value
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


@pytest.mark.parametrize("spelling", WRITERS)
def test_every_spelling_of_one_bill_is_the_same_charges_to_the_last_digit(
    spelling: str, world: World, tmp_path: Path
) -> None:
    expected = read_bill(cur2_parquet(world.rows, tmp_path / "a"))
    WRITERS[spelling](world.rows, tmp_path / "b")
    found = read_bill(tmp_path / "b")
    lines, wanted = found.lines, expected.lines
    if spelling.startswith("focus"):
        lines, wanted = lines.drop_columns(MEASURED), wanted.drop_columns(MEASURED)
    assert lines.equals(wanted)
    assert (found.start, found.end, found.tagged) == (expected.start, expected.end, expected.tagged)


def test_money_is_exact_and_fees_negations_taxes_and_other_services_do_not_count(world: World, tmp_path: Path) -> None:
    found = read_bill(cur2_parquet(world.rows, tmp_path))
    assert found.rows_kept == len(fargate(world.rows))
    assert pc.sum(found.lines["cost"]).as_py() == world.billed
    assert {found.lines.schema.field(name).type for name in SUMS} == {pa.decimal128(38, 12)}


def test_pieces_add_up_however_the_rows_are_spread(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_bill(cur2_parquet(world.rows, tmp_path / "whole"))
    for number in range(3):
        folder = tmp_path / "parts" / "data" / "BILLING_PERIOD=2026-10"
        cur2_parquet(world.rows[number::3], tmp_path / "part").rename(_made(folder) / f"{number}.parquet")
    monkeypatch.setattr("advisor.importer.bill_files.ROWS_PER_PIECE", 7)
    parts = read_bill(tmp_path / "parts")
    assert parts.lines.equals(whole.lines)
    assert (parts.files, parts.rows_read) == (3, whole.rows_read)


def test_a_task_without_tags_is_joined_by_its_recorded_run(world: World, tmp_path: Path) -> None:
    task = next(row.task for row in world.rows if row.task and row.task.owner == "nightly")
    found = read_bill(cur2_parquet(world.rows, tmp_path), runs={task.arn[len("arn:aws:ecs:") :]: (None, "nightly")})
    mine = found.lines.filter(pc.equal(found.lines["family"], "nightly"))
    billed = [row for row in fargate(world.rows) if row.task == task]
    cost = sum((r.billed if r.effective is None else r.effective for r in billed), Decimal(0))
    assert pc.sum(mine["cost"]).as_py() == cost
    by_run = read_bill(
        cur2_parquet(world.rows, tmp_path / "b"), runs={task.arn[len("arn:aws:ecs:") :]: ("jobs", "nightly")}
    )
    assert "jobs" in by_run.lines["service"].to_pylist()
    assert "nightly" not in by_run.lines["family"].to_pylist()


def test_rows_that_only_split_a_charge_tell_the_use_and_add_no_quantity(world: World, tmp_path: Path) -> None:
    whole = read_bill(cur2_parquet(world.rows, tmp_path / "a"))
    charged = [replace(row, used=None) for row in world.rows]
    split = [replace(r, billed=Decimal(0), listed=Decimal(0)) for r in world.rows if r.used and r.line_type == "Usage"]
    apart = read_bill(cur2_parquet([*charged, *split], tmp_path / "b"))
    for name in ("quantity", "cost", "on_demand_cost"):
        assert pc.sum(apart.lines[name]) == pc.sum(whole.lines[name]), name
    usage = whole.lines.filter(pc.not_equal(whole.lines["purchase"], "savings-plan"))
    for name in ("used", "used_of"):
        assert pc.sum(apart.lines[name]) == pc.sum(usage[name]), name


def test_pods_of_eks_are_told_by_their_product(world: World, tmp_path: Path) -> None:
    rows = [replace(row, product="AmazonEKS") for row in fargate(world.rows)]
    assert set(read_bill(cur2_parquet(rows, tmp_path)).lines["product"].to_pylist()) == {"AmazonEKS"}


def test_accounts_that_a_tool_wrote_as_numbers_keep_their_zeros(world: World, tmp_path: Path) -> None:
    path = cur2_parquet(world.rows, tmp_path)
    table = pq.read_table(path)
    number = pa.array([42] * table.num_rows, pa.int64())
    pq.write_table(table.set_column(2, "line_item_usage_account_id", number), path)
    assert set(read_bill(path).lines["account"].to_pylist()) == {"000000000042"}


def test_hostile_names_are_data(world: World, tmp_path: Path) -> None:
    name = "=cmd|'/C calc'!A1 <script>\x1b[31m../..\u202e,\"'\n{}"
    rows = [replace(row, task=row.task and replace(row.task, owner=f"prod/{name}")) for row in fargate(world.rows)]
    for number, write in enumerate((cur2_parquet, cur_legacy_csv, WRITERS["focus-1.0-csv"])):
        found = read_bill(write(rows, tmp_path / str(number)).parent)
        assert name in found.lines["service"].to_pylist()


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("ConsumedQuantity", "12,5", "not a number: '12,5'"),
        ("BilledCost", "=1+1", "not a number: '=1+1'"),
        ("BilledCost", "", "no cost"),
        ("BilledCost", "9" * 60, "a number too long"),
        ("ChargePeriodStart", "05/10/2026", "no instant: '05/10/2026'"),
        ("ChargePeriodStart", "2026-13-05T00:00:00Z", "no instant"),
        ("ChargePeriodEnd", "2026-10-05T00:00:00Z", "not after its start"),
        ("ChargeCategory", "Gift", "unknown line type: 'Gift'"),
        ("SubAccountId", "", "no account"),
        ("BillingCurrency", "EUR", "not in US dollars: 'EUR'"),
        ("Tags", "[1]", "not tags: '[1]'"),
        ("Tags", "{", "not tags: '{'"),
    ],
)
def test_a_cell_that_cannot_be_read_is_refused_with_file_row_column_value_and_rule(
    column: str, value: str, what: str, world: World, tmp_path: Path
) -> None:
    path = edited(focus_csv(world.rows, tmp_path, version="1.0"), **{column: value})
    with pytest.raises(InputRefused) as refused:
        read_bill(path)
    text = str(refused.value)
    assert what in text
    assert "focus-1.0.csv" in text
    assert "Rule: " in text
    assert f"row 3, column {column}" in text or "rows 2 to" in text
    assert "\n" not in text


def test_usage_under_a_plan_without_effective_cost_is_refused(world: World, tmp_path: Path) -> None:
    path = cur2_parquet(world.rows, tmp_path)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns("savings_plan_savings_plan_effective_cost"), path)
    with pytest.raises(InputRefused, match="covered by a Savings Plan, without effective cost"):
        read_bill(path)


def test_what_is_no_bill_is_refused(world: World, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.csv").write_text("a,b\n1,2\n")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    none = [row for row in world.rows if "Fargate" not in row.usage_type]
    focus_csv(none, tmp_path, version="1.0").rename(tmp_path / "none.csv")
    for name, what in {
        "empty": "no bill",
        "missing": "not there",
        "text.csv": "missing column",
        "broken.parquet": "cannot be read",
        "none.csv": "no charge for Fargate",
    }.items():
        with pytest.raises(InputRefused, match=what):
            read_bill(tmp_path / name)


def test_two_versions_of_one_month_are_refused_and_two_months_are_not(world: World, tmp_path: Path) -> None:
    path = cur_legacy_csv(world.rows, tmp_path)
    other = _made(path.parents[2] / "20261101-20261201" / "0d0e0f") / path.name
    other.write_bytes(path.read_bytes())
    assert read_bill(tmp_path).files == 2
    second = _made(path.parents[1] / "9f8e7d") / path.name
    second.write_bytes(path.read_bytes())
    with pytest.raises(InputRefused, match="two versions of 20261001-20261101: '0a1b2c and 9f8e7d"):
        read_bill(tmp_path)


def test_accounts_are_hidden_wherever_they_stand_and_runs_still_join(world: World, tmp_path: Path) -> None:
    def hide(text: str) -> str:
        return text.replace(ACCOUNT, "x0")

    task = next(row.task for row in world.rows if row.task and row.task.owner == "nightly")
    named = [
        replace(r, task=r.task and replace(r.task, owner=f"prod/{ACCOUNT}-web")) for r in world.rows if r.task != task
    ]
    mine = [row for row in world.rows if row.task == task]
    path = cur2_parquet([*mine, *named], tmp_path / ACCOUNT)
    runs = {hide(task.arn[len("arn:aws:ecs:") :]): (None, "nightly")}
    found = read_bill(path, runs=runs, hide=hide)
    assert ACCOUNT not in repr((found.lines.to_pylist(), found.tagged, found.source))
    assert {"nightly", None} == set(found.lines["family"].to_pylist())
    assert {"x0-web", None} == set(found.lines["service"].to_pylist())


@pytest.mark.usefixtures("endpoint")
def test_a_bill_is_read_from_s3_also_where_it_fails_a_few_times(
    world: World, tmp_path: Path, local_aws: LocalAws
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bills")
    path = cur2_parquet(world.rows, tmp_path)
    s3.upload_file(str(path), "bills", "export/data/BILLING_PERIOD=2026-10/part.parquet")
    assert read_bill("s3://bills/export").lines.equals(read_bill(path).lines)
    with fault(local_aws, unavailable(), service="s3", times=3) as made:  # Arrow's own patience ends there
        assert read_bill("s3://bills/export").rows_kept
    assert made.hits == 3


@pytest.mark.usefixtures("endpoint")
def test_a_bucket_that_refuses_is_said_with_the_rights_it_takes(local_aws: LocalAws) -> None:
    def deny(call: Call) -> None:
        if call.service == "s3":
            raise AwsError("AccessDenied", "no", status=403)

    local_aws.before.append(deny)
    with pytest.raises(AwsFailed, match="s3:ListBucket and s3:GetObject"):
        read_bill("s3://bills/export")


def test_every_name_that_we_ask_for_is_spelled_in_every_format_that_has_it() -> None:
    lacking = {(ours, number) for ours, forms in SPELLINGS.items() for number in range(3) if not forms[number]}
    assert lacking == {("used", 2), ("tags", 0)}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_the_manual_lists_every_spelling() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "bill.md").read_text(encoding="utf-8")
    for forms in SPELLINGS.values():
        for names in forms:
            assert not names or " or ".join(f"`{name}`" for name in names) in manual, names
