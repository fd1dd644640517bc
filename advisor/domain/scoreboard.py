"""What a backtest finds: every rule on the days that came next, and stated risk against what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from advisor.domain.inventory import Skipped
from advisor.domain.service import ServiceId, TaskSize
from advisor.domain.settings import TailModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One rule on the scored days of one service.

    `sizes`: what it chose, one at each origin. `usd_month`: per month of 730 hours; `cost`: that over the same of the
    cheapest size that would have been enough. `over_limit`: whether the throttled share is above the service's limit.
    `memory_breached`: None where no memory was measured.
    """

    rule: str
    sizes: tuple[TaskSize, ...]
    usd_month: float
    cost: float
    throttled_share: float
    over_limit: bool
    memory_breached: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """All rules on one service; `enough`: the cheapest sizes that would have been enough, known only afterwards."""

    id: ServiceId
    days_fitted: float
    days_scored: float
    enough: tuple[TaskSize, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """One rule over all services: means of `cost` and `throttled_share`, shares of the services 0 to 1.

    `breached_share` is of the services with memory, None where there are none. `against_ours`: whether the rule is
    better or worse than ours in one of cost, services over the limit and services breached, and the other way in none.
    """

    rule: str
    cost: float
    throttled_share: float
    over_limit_share: float
    breached_share: float | None
    against_ours: Literal["better", "worse"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Chances stated between `low` and `high`: their mean, and the share that happened; every service weighs the same.

    `error`: two binomial errors of so many services, for the stated mean.
    """

    low: float
    high: float
    services: int
    statements: int
    stated: float
    happened: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoreboard:
    """The backtest of a fleet: what was fitted before each origin, and stated for the days after it.

    `reliability`: of several memories above the highest peak of each service. `sized`: of the sizes that ours chose,
    all together; None where no chance was stated. `cpu_reliability`: that CPU runs short, of fixed counts.
    `model_saw_days`: whether the memory tail was fitted on days of this store that are scored here.
    """

    format: int = 1
    store: str
    config: Mapping[str, object]
    origins: int
    rules: tuple[RuleScore, ...]
    services_with_memory: int
    reliability: tuple[Band, ...]
    cpu_reliability: tuple[Band, ...] = ()
    sized: Band | None
    model_saw_days: bool = False
    services: tuple[Marks, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TailFit:
    """A memory tail fitted on a fleet, as `advisor fit-tails` writes it.

    `store`: whose history it was, `until`: the end of it. `series`: how many series of memory and of CPU each group
    had. `reliability`, `log_loss`: of models that did not see the group; `shipped_log_loss`: of the shipped model on
    the same groups. None = not known.
    """

    format: int = 1
    model: TailModel
    made_by: str
    store: str
    until: datetime | None = None
    groups: str
    series: Mapping[str, tuple[int, int]]
    reliability: tuple[Band, ...]
    log_loss: float | None = None
    shipped_log_loss: float | None = None
