"""Every number that the advice chose rather than measured, and the limits that hold for one service.

The reasons, with the measurements behind them, are in docs/decisions/0002-advice.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from advisor.domain.inventory import Service
from advisor.domain.settings import Config, Limits, Override

FEWEST_DAYS = 3.0  # two days to choose on and one to be scored on
MOST_GAP_SHARE = 0.40  # of the steps; beyond it the days that are left may not be like the others
MOST_REPLAY_ERROR = 0.15  # of the recorded task-seconds; beyond it the simulator does not know this service
HELD_OUT_SHARE = 1 / 3  # of the days, the latest ones, in whole days
BATCH_NO_TASK_SHARE = 0.25  # a service that runs nothing for so long works in batches
LEAST_SAVING_SHARE = 0.05  # of today's cost, and
LEAST_SAVING_USD_MONTH = 3.0  # about one GiB for a month: less is not worth a deployment
BATCH_SATURATED_SHARE = 0.01  # of the time it runs: it takes all the CPU that it is given
CENSORED_WORK = 1.25  # times the work seen where the hottest task had no CPU left: what it is taken to have wanted
IDLE_MEAN_VCPU, IDLE_PEAK_VCPU = 0.01, 0.025  # work of one task; a tenth of Fargate's smallest CPU
HELD_UP = 1.5  # times what a task held: containers that state more than that keep it larger than it need be
NEAR_LIMIT = 0.90  # of a limit: what held more than that may be killed at it
STORAGE_MARGIN = 1.30  # times the most ephemeral storage that a task used, which less of it must hold
HOTTER_POINTS = 10.0  # percent of CPU: a usual CPU that rises by less says nothing of response times
SLOWER = 1.25  # times: response times that rise by less may differ by chance
LEAST_SLOWER_SECONDS = 0.01  # nobody waits for less
FEWEST_REQUESTS = 100  # a minute: of fewer, the slowest of 100 is the slowest, which rises with their number alone
FEWEST_MINUTES, FEWEST_DAYS_OF_BAND = 120, 3  # of either band of CPU: a bad hour or a bad day is no evidence
LIMIT_STEP_MIB = 64  # a limit that is told is rounded up to a multiple
FAR_DAYS = 180  # memory that grows is told where it reaches a size within so long
KILLS_COUNT_DAYS = 90  # for so long no task gets as little memory as one that was killed for want of it
SETTLED_DAYS = 45  # for so long after a change of size, a cheaper one must hold the days before it too
URGENT_MEMORY_RISK = 2  # times the limit: a modelled risk must be so high before a dearer setup is advised for it
TARGETS = tuple(range(90, 29, -5))  # percent; the targets that are tried beside today's
NEAR_COST_SHARE = 0.02  # setups that differ by less cost the same: the one that changes least is taken
FAST_COOLDOWN_SECONDS, SLOW_COOLDOWN_SECONDS = 60, 300  # tried beside today's: scale-out, scale-in
SIZES_FOR_OTHER_WAYS = 2  # sizes, cheapest first, that are tried with other ways of scaling than today's
MOST_STARTS = 4  # times that a search starts again from its own choice
ESTIMATE_SLACK = 0.95  # a replay may cost this much less than its arithmetic estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """How much more than the history showed a choice must bear.

    `growth` multiplies the work that the tasks of a replay have to do, `steady_growth` that of tasks whose count does
    not follow the load, `memory` the highest observed memory of one task.
    """

    growth: float
    steady_growth: float
    memory: float


USUAL = Margins(growth=1.10, steady_growth=1.05, memory=1.15)
CAUTIOUS = Margins(growth=1.30, steady_growth=1.30, memory=1.30)  # where USUAL missed its limits on held-out days
NONE = Margins(growth=1.0, steady_growth=1.0, memory=1.0)  # what happened, as it happened


def override_of(config: Config, service: Service) -> Override | None:
    """The override that holds for a service; of several that match, the last one in the file."""
    matching = [rule for rule in config.overrides if _matches(rule, service.id.service, service.tags)]
    return matching[-1] if matching else None


def limits_of(config: Config, service: Service) -> Limits:
    """The limits that hold for a service."""
    rule = override_of(config, service)
    return rule.limits if rule and rule.limits else config.limits


def _matches(rule: Override, name: str, tags: Mapping[str, str]) -> bool:
    return fnmatchcase(name, rule.service) and all(tags.get(k) == v for k, v in rule.tags.items())
