"""The store as the other rooms see it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from advisor.domain.activities import ScalingActivity
from advisor.domain.collecting import CollectionRun, Into, Reach
from advisor.domain.deployments import Deployment
from advisor.domain.errors import InputRefused
from advisor.domain.insights import InsightsMonth
from advisor.domain.inventory import Inventory, Service, Skipped, TaskSchedule
from advisor.domain.measured import MeasuredMonth
from advisor.domain.peaks import MonthPeak
from advisor.domain.reconciliation import Reconciliation
from advisor.domain.runs import TaskRun
from advisor.domain.service import ServiceId
from advisor.store import kinds, log, usage
from advisor.store import manifest as manifests
from advisor.store.files import UsageFiles
from advisor.store.hiding import Hiding
from advisor.store.lookup import find
from advisor.store.manifest import Manifest
from advisor.store.place import FileMissing, Place
from advisor.store.records import Snapshot
from advisor.store.snapshots import Known, Snapshots, places_of, resized
from advisor.store.tables import R, Table, TableFiles

if TYPE_CHECKING:
    from advisor.fargate.prices import Price, PriceBook
    from advisor.fargate.savings_plans import SavingsPlans

T = TypeVar("T")


class Store:
    """Usage and inventory of a fleet. Reading never changes it; every write counts as a whole or not at all."""

    def __init__(self, place: Place, manifest: Manifest, *, url: str) -> None:
        self.url = url
        self._hiding = Hiding(place)
        self._place, self._manifest = place, manifest
        self._files = {step: UsageFiles(place, table) for step, table in usage.USAGE_TABLES.items()}
        self._tables: dict[str, TableFiles[Any]] = {table.name: TableFiles(table, place) for table in kinds.EVERY}
        self._inventory: tuple[tuple[Snapshot, ...], Known] | None = None
        self._snapshots = Snapshots(place)

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def hide_by(self, name: str) -> None:
        """Account ids of what is written are hidden by the key of this name; empty (the default): they are not.

        Raises InputRefused where those in the store are hidden in another way; so does every write.
        """
        self._hiding.by(name, self._manifest)

    @property
    def services(self) -> tuple[Service, ...]:
        """Every service of the latest inventory of each account and region, sorted by id."""
        return self._latest()[0]

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What the latest inventories saw and do not cover, and what the last collections could not read."""
        return (*self._latest()[1], *log.gaps(self._place))

    def add_log(self, run: CollectionRun) -> None:
        """Keep the log of a collection, apart from what it collected."""
        self._hiding.claim(self._manifest)
        log.add_run(self._place, run)

    def logs(self, *, most: int = log.MOST_READ) -> list[CollectionRun]:
        """The logs of the newest collections, newest first."""
        return log.runs(self._place, most=most)

    @property
    def schedules(self) -> tuple[TaskSchedule, ...]:
        """What the latest inventories say starts tasks without a service."""
        return self._latest()[2]

    def service(self, name: str, account: str | None = None, region: str | None = None) -> Service:
        """The service called `cluster/name`; raises NoData that names the nearest, or says where it is twice."""
        return find(self.services, name, account=account, region=region, where=self._place.shown)

    def usage(
        self,
        service: Service | ServiceId,
        *,
        step_seconds: int | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pd.DataFrame:
        """What a service used, from `start` (inclusive) to `end` (exclusive): schema USAGE, float32, UTC index.

        All columns are there, in the order of the schema; NaN = not measured. A missing step is a missing row.
        A service without usage gives a frame without rows. `step_seconds` None: in the service's own steps; 300 and
        3600: what CloudWatch kept of the time before; 20: the last hours before each collection, of services that are
        measured so. Raises InputRefused for other steps.
        """
        id = service.id if isinstance(service, Service) else service
        low, high = usage.bounds(start, end)
        files = self._usage_files(step_seconds)
        whole = self._again(lambda held: files.of(held, id, low=low, high=high))
        at = usage.seconds(whole.index)
        return whole[(at >= low) & (at < high)]

    @property
    def prices(self) -> "PriceBook":
        """The prices to reckon with: those that advisor ships and those held; the later of two counts."""
        from advisor.fargate.prices import PriceBook

        return PriceBook.shipped().with_prices(self._held(kinds.PRICES))

    def add_prices(self, prices: "Iterable[Price]") -> int:
        """Keep prices, of each the newest; returns how many told something new."""
        return self._add(kinds.PRICES, prices)

    @property
    def reconciliations(self) -> tuple[Reconciliation, ...]:
        """Every reconciliation held, one per span of a bill, the latest span last."""
        return self._held(kinds.RECONCILIATIONS)

    def add_reconciliation(self, made: Reconciliation) -> None:
        """Keep a reconciliation; of several for one span, that of the bill with the most charges stays."""
        self._add(kinds.RECONCILIATIONS, (made,))

    def measured(self, *, newest: int | None = None) -> tuple[MeasuredMonth, ...]:
        """What bills measured of services and families, sorted; of the `newest` months held, or of all."""
        return self._held(kinds.MEASURED, newest=newest)

    def add_measured(self, months: Iterable[MeasuredMonth]) -> None:
        """Keep what a bill measured; of two readings of a day that of the file written later counts."""
        self._add(kinds.MEASURED, months)

    @property
    def savings_plans(self) -> "SavingsPlans | None":
        """The Savings Plans as AWS told them last, None where they were not asked for."""
        return next(iter(self._held(kinds.SAVINGS_PLANS)), None)

    def add_savings_plans(self, told: "SavingsPlans") -> None:
        """Keep what AWS told of Savings Plans; the latest counts."""
        self._add(kinds.SAVINGS_PLANS, (told,))

    def last_instant(self, id: ServiceId, *, step_seconds: int | None = None) -> datetime | None:
        """The newest step held of a service, None where there is none; `step_seconds` as in `usage`."""
        groups = self._manifest.row_groups(self._usage_files(step_seconds).table, id)
        last = max((rows.last for _, _, rows in groups), default=None)
        return None if last is None else datetime.fromtimestamp(last, UTC)

    def reach(self, of: Into) -> dict[ServiceId, datetime]:
        """Until when all metrics of a service were read, in whichever steps there were; absent = never."""
        return {reach.id: reach.until for reach in self._held(kinds.REACH) if reach.of == of}

    def add_reach(self, ids: Iterable[ServiceId], until: datetime, *, of: Into) -> None:
        """Keep that all metrics of these services were read until then; the latest instant counts."""
        self._add(kinds.REACH, [Reach(id=id, until=until, of=of) for id in ids])

    @property
    def task_runs(self) -> tuple[TaskRun, ...]:
        """Every task run held, sorted by account, region, cluster and task; `TaskRun.id` says whose it is."""
        return self._held(kinds.RUNS)

    def add_runs(self, runs: Iterable[TaskRun]) -> int:
        """Keep task runs; returns how many told something new. What is known of an end is never unlearnt."""
        return self._add(kinds.RUNS, runs)

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Every deployment held, sorted by service and instant: also those that AWS no longer lists."""
        return self._held(kinds.DEPLOYMENTS)

    def add_deployments(self, deployments: Iterable[Deployment]) -> None:
        """Keep deployments; of two looks at one, what is known of its end stays."""
        self._add(kinds.DEPLOYMENTS, deployments)

    @property
    def month_peaks(self) -> tuple[MonthPeak, ...]:
        """The peaks of months before the usage held, sorted by service and month."""
        return self._held(kinds.PEAKS)

    def add_peaks(self, peaks: Iterable[MonthPeak]) -> None:
        """Keep peaks of months; of two for one month the higher counts."""
        self._add(kinds.PEAKS, peaks)

    @property
    def insights(self) -> tuple[InsightsMonth, ...]:
        """What Container Insights measured of services and containers, sorted by service, container and month."""
        return self._held(kinds.INSIGHTS)

    def add_insights(self, months: Iterable[InsightsMonth]) -> None:
        """Keep what Container Insights measured; of two for one month the higher counts."""
        self._add(kinds.INSIGHTS, months)

    @property
    def scaling_activities(self) -> tuple[ScalingActivity, ...]:
        """Every scaling activity held, sorted by service and instant."""
        return self._held(kinds.ACTIVITIES)

    def add_activities(self, activities: Iterable[ScalingActivity]) -> None:
        """Keep scaling activities, older months first, so that a kill between leaves no hole before the newest."""
        self._add(kinds.ACTIVITIES, activities)

    def add_inventory(self, inventory: Inventory, *, account: str, region: str, complete: bool) -> None:
        """Keep what `inventory` holds of one account and region as a dated snapshot.

        `complete`: services that it does not list are gone. A snapshot that says nothing new is not kept.
        """

        def add(held: Manifest) -> Manifest:
            return self._snapshots.add(held, inventory, account=account, region=region, complete=complete)

        self._hiding.claim(self._manifest)
        self._manifest = self._again(add)

    def add_usage(self, frames: Mapping[ServiceId, pd.DataFrame], *, step_seconds: int | None = None) -> int:
        """Keep the cells that are new; returns the number of rows with any. What is held stays as it is.

        `step_seconds` as in `usage`.
        """
        files = self._usage_files(step_seconds)
        self._hiding.claim(self._manifest)
        self._manifest, rows = self._again(lambda held: files.add(held, frames))
        return rows

    def add_import(self, inventory: Inventory, frames: Mapping[ServiceId, pd.DataFrame]) -> int:
        """Keep an imported inventory with its usage; returns the number of new rows.

        Usage comes before services that are new, and after new sizes of known ones, with which it is read.
        """
        self._add_places(resized(inventory, self.services))
        rows = self.add_usage(frames)
        self._add_places(inventory)
        self.compact(inventory.taken_at)
        return rows

    def _add_places(self, inventory: Inventory) -> None:
        for account, region in places_of(inventory):
            self.add_inventory(inventory, account=account, region=region, complete=False)

    def compact(self, now: datetime) -> None:
        """One file per day, and per month once the month has been over for two days; the content stays.

        What is merged is removed only after what it was merged into is there and is in the manifest.
        """
        self._reload()
        before, self._manifest = self._again(lambda held: (held, self._compacted(held, now)))
        if self._manifest != before or len(before.sources) != 1:
            self._manifest = manifests.save(self._place, self._manifest)
        for path in sorted(before.paths - self._manifest.paths):
            self._place.delete(path)
        self._place.sweep()

    def _held(self, table: Table[R], *, newest: int | None = None) -> tuple[R, ...]:
        files: TableFiles[R] = self._tables[table.name]
        return self._again(lambda held: files.records(held, newest=newest))

    def _add(self, table: Table[R], records: Iterable[R]) -> int:
        """Keep records of a table; returns how many told something new."""
        given, files = tuple(records), self._tables[table.name]
        self._hiding.claim(self._manifest)
        self._manifest, new = self._again(lambda held: files.add(held, given))
        return new

    def _compacted(self, held: Manifest, now: datetime) -> Manifest:
        compacted = held
        for files in self._files.values():
            compacted = files.compact(compacted, now=now)
        for table in self._tables.values():
            compacted = table.compact(compacted)
        return compacted

    def _usage_files(self, step_seconds: int | None) -> UsageFiles:
        if step_seconds not in self._files:
            rule = f"None for the service's own steps, or one of {', '.join(str(s) for s in self._files if s)}"
            raise InputRefused("no such steps", where="step_seconds", value=step_seconds, rule=rule)
        return self._files[step_seconds]

    def _again(self, work: Callable[[Manifest], T]) -> T:
        """Work on what is held; where another process has compacted a file away meanwhile, on what is held now."""
        while True:
            try:
                return work(self._manifest)
            except FileMissing:
                if not self._reload():
                    raise

    def _reload(self) -> bool:
        fresh = manifests.load(self._place) or Manifest()
        changed = fresh != self._manifest
        self._manifest = fresh
        return changed

    def _latest(self) -> Known:
        if self._inventory is None or self._inventory[0] is not self._manifest.inventory:
            known = self._again(self._snapshots.latest)
            self._inventory = (self._manifest.inventory, known)
        return self._inventory[1]
