"""What the analysis says: advice with its evidence, and the review that gathers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from advisor.domain.inventory import Skipped
from advisor.domain.measured import MeasuredUse
from advisor.domain.reconciliation import Reconciliation
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.domain.units import Usd

Verdict = Literal["change", "keep", "no-advice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something to know before acting. `code` is stable, for scripts; `text` is one sentence."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsdMonth:
    """Dollars per month of 730 hours. `low` and `high` bound what `recommended` may turn out to be."""

    current: Usd | None = None
    recommended: Usd | None = None
    low: Usd | None = None
    high: Usd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Stated risk of the recommended setup; shares and probabilities 0 to 1, None = not known.

    `cpu_throttled_share` and `unmet_share`: in the days that speak. `cpu_over_limit_probability`: that the hottest task
    has no CPU left in more than the limit's share of the next 30 days, where counts do not follow the load.
    `memory_breach_probability`: that a task outgrows its memory in them.
    """

    cpu_throttled_share: float | None = None
    cpu_over_limit_probability: float | None = None
    memory_breach_probability: float | None = None
    unmet_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What is advised, scored on held-out days; cost is per month of 730 hours.

    Of a change: the setups that the same procedure chose on the `days_fitted` before. Of a keep: today's setup.
    """

    days_fitted: float
    days_held_out: float
    cost_usd: Usd
    cpu_throttled_share: float
    memory_breached: bool
    unmet_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A setup that lost, and why."""

    setup: Setup
    usd_month: Usd
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """One setup on the way from cheap to safe: its replayed cost, and the share of work and of time that it fails.

    `of`: today's or the recommended setup, or one of those that were tried and that no other beat. `target`: of target
    tracking [percent of CPU, or requests per minute and task]; None for a setup without such a policy.
    """

    of: Literal["current", "recommended", "tried"]
    target: float | None
    usd_month: Usd
    unmet_share: float
    cpu_throttled_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the report draws: one value per `step_seconds` from `start`; None = nothing was measured.

    `demand_vcpu` and `demand_peak_vcpu`: mean and highest work of the whole service in the step [vCPU].
    `current_vcpu` and `recommended_vcpu`: mean capacity in the replay of either setup [vCPU].
    `memory_peak_gib`: highest memory of one task in the step [GiB].
    """

    start: datetime
    step_seconds: int
    demand_vcpu: tuple[float | None, ...] = ()
    demand_peak_vcpu: tuple[float | None, ...] = ()
    current_vcpu: tuple[float | None, ...] = ()
    recommended_vcpu: tuple[float | None, ...] = ()
    memory_peak_gib: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do with one service, and everything that the sentence rests on."""

    id: ServiceId
    verdict: Verdict
    current: Setup
    recommended: Setup | None = None
    usd_month: UsdMonth = field(default_factory=UsdMonth)
    risk: Risk = field(default_factory=Risk)
    backtest: Backtest | None = None
    replay_error: float | None = None
    confidence: float = 0.0
    reasons: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    owner: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    history: History | None = None
    frontier: tuple[FrontierPoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFamily:
    """Tasks of one family that no service owns: what they cost, and why nothing is advised on them.

    `service` is `cluster/family`. `usd_month`: they cost at least that much in a month of 730 hours, None = not known;
    `basis` says how it is reckoned. `runs` are those that were seen; `failed` of them ended with an error,
    `out_of_memory` for memory. `peak_vcpu` and `peak_gib` are what a task used at most, where it is measured;
    `measured` is what a bill measured, None where none did.
    """

    service: str
    account: str
    region: str
    size: TaskSize | None = None
    runs: int = 0
    failed: int = 0
    out_of_memory: int = 0
    peak_vcpu: float | None = None
    peak_gib: float | None = None
    usd_month: Usd | None = None
    basis: str
    started_by: tuple[str, ...] = ()
    measured: MeasuredUse | None = None
    cautions: tuple[Caution, ...] = ()
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNote:
    """A price that the review used, and where it comes from."""

    region: str
    what: str
    usd: Usd
    unit: str
    source: str
    as_of: str
    certainty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNote:
    """A Compute Savings Plan that is owned; `commitment_usd` is per hour, in the plan's discounted dollars."""

    account: str
    years: int
    payment: str
    commitment_usd: Usd
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansNote:
    """The Compute Savings Plans of these `accounts` as AWS told them at `taken_at`, and what could not be read."""

    taken_at: datetime
    accounts: tuple[str, ...]
    owned: tuple[PlanNote, ...] = ()
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The history that was read; choices were scored on days after `fitted_until`."""

    start: datetime
    end: datetime
    fitted_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the covered services with a known price, per month of 730 hours.

    A service without a recommendation counts with its current cost on both sides.
    """

    current_usd_month: Usd
    recommended_usd_month: Usd
    covered_services: int
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The monthly cost review: everything that the report, the plan and a script need.

    `reconciliation` is that of the latest bill that was held against the store, None where none was. `savings_plans`
    is what the store holds of them, None where they were not read; no number in the review depends on it.
    """

    format: int = 1
    store: str
    window: Window | None
    config: Mapping[str, object]
    totals: Totals
    services: tuple[Advice, ...] = ()
    standalone: tuple[TaskFamily, ...] = ()
    reconciliation: Reconciliation | None = None
    savings_plans: PlansNote | None = None
    prices: tuple[PriceNote, ...] = ()
