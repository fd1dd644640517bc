"""What single containers held and how often they restarted, where Container Insights measured them.

All of it is told, and raises a floor; nothing of it lowers a size. That the containers' highest add up to more than
the task held is no contradiction, since they need not be of one moment; so the sum is no floor, but each alone is one.
A highest value may be of all tasks together (UNCONFIRMED): then it is too high, which is safe for a floor and for a
lower limit; above its own limit it cannot be of one container, and no nearness is told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from advisor.advice.guardrails import Floor, gib_words
from advisor.advice.rules import LIMIT_STEP_MIB, NEAR_LIMIT
from advisor.advice.tail import FEWEST_PEAKS_STATED
from advisor.domain.errors import printable
from advisor.domain.finding import Caution
from advisor.domain.insights import TASK, InsightsMonth
from advisor.domain.inventory import Container, TaskDefinition
from advisor.domain.service import TaskSize
from advisor.profile import Demand

_DATES_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerUse:
    """What a container used at most in `days` measured days, None = not measured  [MiB, CPU units].

    `recent_mib`: in the months reviewed. `restarts`: (day, at least so many), of the days reviewed. `killed`: it, or a
    task that it was in, was killed for want of memory.
    """

    container: Container
    days: int = 0
    mib: float | None = None
    units: float | None = None
    recent_mib: float | None = None
    restarts: tuple[tuple[date, int], ...] = ()
    killed: bool = False

    @property
    def held(self) -> str:
        """The most that it held, for a list; empty where nothing was measured."""
        return "" if self.mib is None else f" (held {gib_words(self.mib)} at most in {self.days} days)"


def uses_of(demand: Demand, definition: TaskDefinition | None) -> tuple[ContainerUse, ...]:
    """What each container of today's task definition used, in its order."""
    return tuple(_use(container, demand) for container in (definition.containers if definition else ()))


def stated_mib(container: Container) -> int:
    """The memory that a container states, its limit first  [MiB]."""
    return int(container.memory or container.memory_reservation or 0)


def container_floors(demand: Demand, definition: TaskDefinition | None, today: TaskSize) -> Iterator[Floor]:
    """What the fullest container held in the months reviewed; no more than today, since tasks live with that."""
    held = [(use.recent_mib, use.container.name) for use in uses_of(demand, definition) if use.recent_mib]
    if held:
        mib, name = max(held)
        broken = f"its container {printable(name)} alone held {gib_words(mib)}"
        yield Floor(mib=min(ceil(mib), today.memory), broken=broken)


def lower_limits(uses: Sequence[ContainerUse], margin: float) -> str:
    """Which stated memory could be lower, and how low; nothing of a container that a heap fills or that was ended."""
    told = [(use, _rounded(use.mib * margin)) for use in uses if use.mib is not None and _may_be_lower(use)]
    names = [
        f"{printable(use.container.name)} {gib_words(mib)} instead of {gib_words(stated_mib(use.container))}"
        for use, mib in told
        if mib < stated_mib(use.container)
    ]
    return f" What they held, and {margin - 1:.0%} more: {', '.join(names)}." if names else ""


def container_cautions(uses: Sequence[ContainerUse], today: TaskSize) -> Iterator[Caution]:
    """Containers near a limit of their own, and containers that restarted."""
    for use in uses:
        name, near = printable(use.container.name), _near(use, today)
        if near:
            text = f"The container {name} held {near}: at its limit it is killed, whatever the task has."
            yield Caution(code="container-near-limit", text=text)
        if use.restarts:
            likely = " Its memory came near its own limit: likely it was killed there." if near else ""
            often, days = _often(use.restarts), dates([day for day, _ in use.restarts])
            text = f"The container {name} restarted at least {often}, {days}.{likely}"
            yield Caution(code="container-restarts", text=text)


def restarts_of(months: Sequence[InsightsMonth], start: date) -> tuple[tuple[date, int], ...]:
    """The days from `start` on, on which a container restarted, and how often at least.

    RestartCount may count on from the start of a task, or be of each sample. Where it is higher than on the day
    before, there was a restart under both, and as many as it is higher; a day after one not measured proves none.
    """
    counts = {
        date.fromisoformat(f"{month.month}-{day:02}"): dict(month.restarts).get(day, 0)
        for month in months
        for day in month.days
    }
    rises = ((day, count - counts.get(day - timedelta(days=1), count)) for day, count in sorted(counts.items()))
    return tuple((day, rise) for day, rise in rises if rise > 0 and day >= start)


def since(months: Iterable[InsightsMonth], start: date) -> list[InsightsMonth]:
    """The months that are not over before a day."""
    return [month for month in months if month.month >= f"{start:%Y-%m}"]


def highest(values: Iterable[float | None]) -> float | None:
    """The highest of what was measured."""
    return max((value for value in values if value is not None), default=None)


def dates(days: Sequence[date]) -> str:
    """Days in words, the first ones only where there are many."""
    more = f" and {len(days) - _DATES_TOLD} days more" if len(days) > _DATES_TOLD else ""
    return f"on {', '.join(map(str, days[:_DATES_TOLD]))}{more}"


def _use(container: Container, demand: Demand) -> ContainerUse:
    start = demand.frame.index[0].date()
    own = [month for month in demand.insights if month.container == container.name != TASK]
    return ContainerUse(
        container=container,
        days=sum(len(month.days) for month in own),
        mib=highest(month.memory_mib for month in own),
        units=highest(month.cpu_units for month in own),
        recent_mib=highest(month.memory_mib for month in since(own, start)),
        restarts=restarts_of(own, start),
        killed=any(kill.container in (TASK, container.name) for kill in demand.kills),
    )


def _may_be_lower(use: ContainerUse) -> bool:
    filled = use.container.heap is not None or use.restarts or use.killed
    return use.days >= FEWEST_PEAKS_STATED and not filled


def _rounded(mib: float) -> int:
    return ceil(mib / LIMIT_STEP_MIB) * LIMIT_STEP_MIB


def _near(use: ContainerUse, today: TaskSize) -> str:
    """How near it came to a limit of its own, below the task's; empty where it did not."""
    limit, held = use.container.memory, use.recent_mib
    if not limit or limit >= today.memory or held is None or not NEAR_LIMIT * limit < held <= limit:
        return ""
    return f"{gib_words(held)} of the {gib_words(limit)} that is its own limit"


def _often(restarts: Sequence[tuple[date, int]]) -> str:
    times = sum(count for _, count in restarts)
    return "once" if times == 1 else f"{times:,} times"
