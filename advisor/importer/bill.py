"""An exported bill as charges for Fargate: CUR legacy, CUR 2.0, FOCUS 1.0 to 1.2; Parquet, CSV, gzipped CSV."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advisor.domain.charges import KEYS, OWNER, SUMS, Charges
from advisor.domain.errors import InputRefused
from advisor.importer.bill_cells import DECIMAL, Cells
from advisor.importer.bill_columns import TAGS, layout_of
from advisor.importer.bill_files import BillFile, bill_files
from advisor.importer.bill_measured import Measured
from advisor.importer.bill_sums import AddedUp

Runs = Mapping[str, tuple[str | None, str | None]]
Hide = Callable[[str], str]
_NO_RUNS: Runs = {}
_FARGATE = "Fargate-"
_ARN = r"^arn:[^:]*:(?P<of>ecs|eks):(?P<region>[^:]*):[^:]*:(?:task|pod)/(?P<cluster>[^/]+)/"
# What a line counts as. Negations and fees of Savings Plans are left out: covered usage carries its effective cost.
USAGE, COVERED, ADJUSTMENT, LEFT_OUT = "usage", "savings-plan", "adjustment", ""
LINE_TYPES = {
    "Usage": USAGE,
    "SavingsPlanCoveredUsage": COVERED,
    **dict.fromkeys(("Credit", "Refund", "Adjustment", "Discount"), ADJUSTMENT),
    **dict.fromkeys(("EdpDiscount", "PrivateRateDiscount", "BundledDiscount", "SppDiscount"), ADJUSTMENT),
    **dict.fromkeys(("SavingsPlanNegation", "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee"), LEFT_OUT),
    **dict.fromkeys(("Tax", "Fee", "RIFee", "Purchase"), LEFT_OUT),
}


def read_bill(url: str | Path, *, runs: Runs = _NO_RUNS, hide: Hide | None = None) -> Charges:
    """The charges for Fargate of an exported bill: a file, a folder or an `s3://` prefix, read piece by piece.

    `runs`: a task as `region:account:task/cluster/id` -> (its service or None, its task-definition family or None), for
    tasks without service tags. `hide` takes account ids out of every text, as it did in the store and in `runs`.
    Raises InputRefused with file, row, column, value and rule; a CSV's header is row 1.
    """
    reading = _Reading(runs, hide)
    files = bill_files(url)
    for file in files:
        reading.add(file)
    lines = reading.summed().sort_by([(name, "ascending") for name in KEYS])
    if not lines.num_rows:
        rule = "rows with a usage type of Fargate (…Fargate-vCPU-Hours:perCPU and the like)"
        raise InputRefused("no charge for Fargate", where=files[0].shown if len(files) == 1 else str(url), rule=rule)
    start, end, period = _span(lines)
    return Charges(
        source=hide(str(url)) if hide else str(url),
        formats=tuple(sorted(reading.formats)),
        files=len(files),
        rows_read=reading.rows_read,
        rows_kept=reading.rows_kept,
        lines=lines,
        tagged=frozenset(reading.tagged),
        start=start,
        end=end,
        period=period,
        measured=reading.measured.months(),
    )


def _span(lines: pa.Table) -> tuple[datetime, datetime, int]:
    """First and last instant of usage, and its longest period  [s]; of a bill of credits alone, theirs."""
    usage = lines.filter(pc.not_equal(lines["purchase"], ADJUSTMENT))
    told = usage if usage.num_rows else lines
    first, last = told["start"], told["end"]
    longest = pc.max(pc.seconds_between(first, last)).as_py()
    return pc.min(first).as_py().astimezone(UTC), pc.max(last).as_py().astimezone(UTC), int(longest)


class _Reading:
    """What was read so far, added up now and then."""

    def __init__(self, runs: Runs, hide: Hide | None) -> None:
        self.runs, self.hide = runs, hide
        self.formats: set[str] = set()
        self.tagged: set[tuple[str, str]] = set()
        self.rows_read = self.rows_kept = 0
        self.measured = Measured()
        self._lines = AddedUp(KEYS, dict.fromkeys(SUMS, "sum"))

    def add(self, file: BillFile) -> None:
        """Read one file."""
        layout = layout_of(file.names, where=file.shown)
        self.formats.add(layout.format)
        first = file.first_row
        for batch in file.pieces(layout.wanted):
            rows = pa.array(np.arange(first, first + len(batch)))
            try:
                self._add(Cells(where=file.shown, layout=layout, batch=batch, rows=rows), file.written)
            except pa.ArrowException as error:
                place = f"{file.shown}: rows {first} to {first + len(batch) - 1}"
                rule = "columns of the types that AWS exports"
                raise InputRefused("cannot be read", where=place, value=str(error), rule=rule) from None
            first += len(batch)
            self.rows_read += len(batch)

    def summed(self) -> pa.Table:
        """Everything so far, one row per key."""
        whole = self._lines.whole()
        return pa.table({name: pa.array([], pa.string()) for name in KEYS}) if whole is None else whole

    def _add(self, every: Cells, written: datetime) -> None:
        cells = every.where_true(pc.match_substring(every.text("usage_type"), _FARGATE))
        if not len(cells.batch):
            return
        lines = charges_of(cells, self.runs, self.tagged, self.hide)
        self.rows_kept += lines.num_rows
        self._lines.add(lines)
        self.measured.add(lines, written)


def charges_of(cells: Cells, runs: Runs, tagged: set[tuple[str, str]], hide: Hide | None) -> pa.Table:
    """Rows of Fargate as charges, one for one but for those that do not count; notes in `tagged` where tags are.

    Beside the columns of charges, `task` is the ARN of the task, null where none is named.
    """
    kind = _kinds(cells)
    _check_currency(cells)
    owner = _owners(cells, runs, tagged, hide)
    usage_type, resource = cells.text("usage_type"), cells.text("resource")
    spot = pc.match_substring(usage_type, "SpotUsage-")
    purchase = pc.if_else(pc.equal(kind, USAGE), pc.if_else(spot, "spot", "on-demand"), kind)
    covered, adjusted = pc.equal(purchase, COVERED), pc.equal(purchase, ADJUSTMENT)
    nothing, used = pa.scalar(0, DECIMAL), cells.decimals("used")
    cost, on_demand = _money(cells, covered, counts=pc.and_(pc.not_equal(kind, LEFT_OUT), pc.is_null(used)))
    quantity = pc.if_else(adjusted, nothing, pc.coalesce(cells.decimals("quantity"), nothing))
    told_only = pc.and_(pc.is_valid(used), pc.equal(cost, nothing))  # a row that splits what another row charges
    start, end = cells.instants("start"), cells.instants("end")
    backwards = pc.and_(pc.less_equal(end, start), pc.is_in(kind, pa.array([USAGE, COVERED])))
    cells.refuse_where(backwards, "end", "not after its start", "usage is charged over a time")
    table = pa.table(
        {
            **dict(zip(OWNER, owner, strict=True)),
            "start": start,
            "end": end,
            "usage_type": usage_type,
            "purchase": purchase,
            "quantity": pc.if_else(told_only, nothing, quantity),
            "cost": cost,
            "on_demand_cost": pc.if_else(pc.or_(spot, adjusted), nothing, on_demand),
            "used": pc.coalesce(used, nothing),
            "used_of": pc.if_else(pc.is_valid(used), quantity, nothing),
            "task": pc.if_else(pc.match_substring(resource, ":task/"), resource, pa.scalar(None, pa.string())),
        }
    )
    return table.filter(pc.not_equal(kind, LEFT_OUT))


def _kinds(cells: Cells) -> pa.Array:
    """What each row counts as; an unknown line type is refused."""
    coded = cells.text("line_type").dictionary_encode()
    known = pa.array([LINE_TYPES.get(text) for text in coded.dictionary.to_pylist()], pa.string())
    kind = known.take(coded.indices)
    cells.refuse_where(pc.is_null(kind), "line_type", "unknown line type", f"one of {', '.join(sorted(LINE_TYPES))}")
    if cells.layout.format == "focus":
        committed = pc.and_(pc.equal(kind, USAGE), pc.is_valid(cells.text("commitment")))
        kind = pc.if_else(committed, COVERED, kind)
    return kind


def _money(cells: Cells, covered: pa.Array, *, counts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(cost, cost at on-demand rates) of each row  [USD].

    Covered usage costs its effective cost. At on-demand rates it costs what the bill says of public rates; where that
    is empty, a CUR's unblended cost, which is at on-demand rates by definition (SavingsPlanNegation takes it back).
    """
    billed, listed = cells.decimals("cost"), cells.decimals("list_cost")
    cells.refuse_where(pc.and_(counts, pc.is_null(billed)), "cost", "no cost", "every charge has one")
    billed = pc.coalesce(billed, pa.scalar(0, DECIMAL))
    if not pc.any(covered).as_py():
        return billed, billed
    effective = cells.decimals("effective_cost")
    without = pc.and_(covered, pc.is_null(effective))
    rule = "usage that a Savings Plan covers has the plan's effective cost: export that column"
    cells.refuse_where(without, "line_type", "covered by a Savings Plan, without effective cost", rule)
    if cells.layout.format == "focus":
        rule = "usage under a commitment has its ListCost: export that column"
        cells.refuse_where(pc.and_(covered, pc.is_null(listed)), "line_type", "without list cost", rule)
    on_demand = pc.if_else(covered, pc.coalesce(listed, billed), billed)
    return pc.if_else(covered, effective, billed), on_demand


def _owners(cells: Cells, runs: Runs, tagged: set[tuple[str, str]], hide: Hide | None) -> Iterator[pa.Array]:
    """Account, region, product, cluster, service and family of each row."""
    resource = _hidden(cells.text("resource"), hide)
    coded = resource.dictionary_encode()
    parts = pc.extract_regex(coded.dictionary, _ARN).take(coded.indices)
    of, arn_region, arn_cluster = (pc.struct_field(parts, name) for name in ("of", "region", "cluster"))
    account = cells.text("account")
    cells.refuse_where(pc.is_null(account), "account", "no account", "the account that used it")
    account = _hidden(pc.utf8_lpad(account, 12, "0"), hide)
    region = pc.coalesce(arn_region, cells.text("region"), pa.scalar(""))
    eks = pc.fill_null(pc.equal(of, "eks"), False)
    product = pc.coalesce(cells.text("product"), pc.if_else(eks, "AmazonEKS", "AmazonECS"))
    cluster, service = (_hidden(cells.tag(name, key), hide) for name, key in TAGS.items())
    cluster = pc.coalesce(cluster, arn_cluster, pa.scalar(""))
    with_tag = pc.is_valid(service)
    places = pa.table({"account": account, "region": region}).filter(with_tag).group_by(["account", "region"])
    tagged |= {(row["account"], row["region"]) for row in places.aggregate([]).to_pylist()}
    by_run, family = _of_runs(resource, runs)
    yield from (account, region, product, cluster, pc.coalesce(service, by_run), pc.if_else(with_tag, None, family))


def _hidden(column: pa.Array, hide: Hide | None) -> pa.Array:
    """The column with every text as `hide` leaves it."""
    if hide is None:
        return column
    coded = column.dictionary_encode()
    return pa.array([hide(text) for text in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)


def _of_runs(resource: pa.Array, runs: Runs) -> tuple[pa.Array, pa.Array]:
    """Service and family of each task by its recorded run."""
    coded = pc.replace_substring_regex(resource, "^arn:[^:]*:ecs:", "").dictionary_encode()
    found = [runs.get(arn, (None, None)) for arn in coded.dictionary.to_pylist()]
    services, families = (pa.array([run[n] for run in found], pa.string()).take(coded.indices) for n in (0, 1))
    return services, pc.if_else(pc.is_valid(services), None, families)


def _check_currency(cells: Cells) -> None:
    if cells.has("currency"):
        foreign = pc.not_equal(cells.text("currency"), "USD")
        cells.refuse_where(foreign, "currency", "not in US dollars", "USD: prices are in dollars")
