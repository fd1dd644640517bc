"""Which parts of a setup may be changed for this service, and how its task counts are replayed.

==============================================  =======  ==============================================
what scales the service                         counts   what may change
==============================================  =======  ==============================================
nothing: a fixed count                          as set   CPU and memory of a task
a schedule only                                 as seen  CPU and memory of a task
target tracking, steps, prediction on CPU       replay   CPU, memory, policies, minimum, schedule
the same, where its replay misses what was so   as seen  what no policy looks at
memory, where it was never measured; requests,
  where they were not                           as seen  what no policy looks at
prediction on memory or requests, suspended     as seen  what no policy looks at
a custom metric                                 as seen  nothing
==============================================  =======  ==============================================

"As seen" holds because a policy whose metric does not move decides as it did: CPU in percent depends on the
CPU of a task only, memory in percent on its memory only, requests per task on neither.
"""

from dataclasses import dataclass, replace
from typing import Literal

from advisor.advice.rules import BATCH_NO_TASK_SHARE, BATCH_SATURATED_SHARE
from advisor.domain.finding import Caution
from advisor.domain.inventory import Service
from advisor.domain.policy import OtherPolicy, Policy, PredictiveScaling, TargetTracking
from advisor.domain.service import Setup
from advisor.domain.settings import Config
from advisor.profile import Profile

Counts = Literal["set", "replayed", "seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """What may change, and where task counts come from; `cautions` say what was left alone and why.

    `batch`: the service ends sooner with more CPU, so having no CPU left says nothing against its size.
    """

    cpu: bool
    memory: bool
    scaling: bool
    counts: Counts
    schedule: bool = False
    batch: bool = False
    cautions: tuple[Caution, ...] = ()


def find_levers(service: Service, profile: Profile, config: Config, *, requests: bool = False) -> Levers:
    """The levers of one service under a configuration; `requests`: whether they were measured."""
    size, measured = "size" in config.levers, {"cpu"}
    measured |= {"memory"} if profile.memory_daily_peaks else set()
    measured |= {"requests"} if requests else set()
    levers = _by_policies(service, measured, size=size, scaling="scaling" in config.levers)
    levers = replace(levers, schedule=levers.scaling and "schedule" in config.levers)
    return _no_cpu(levers, profile) if levers.cpu and _is_saturated_batch(profile) else levers


def tracked(setup: Setup) -> TargetTracking | None:
    """The target-tracking policy that is searched over: the first on CPU, else the first on requests."""
    tracking = [policy for policy in setup.policies if isinstance(policy, TargetTracking)]
    return next((policy for metric in ("cpu", "requests") for policy in tracking if policy.metric == metric), None)


def recorded_only(levers: Levers, setup: Setup, *, error: float) -> Levers:
    """The levers that are left where the replay of today's setup does not match what was recorded."""
    if not setup.policies:
        text = f"Recorded task counts differ from the setup by {error:.0%}: something else sets them; they were kept."
        why = Caution(code="count-set-elsewhere", text=text)
        return replace(levers, counts="seen", cautions=(*levers.cautions, why))
    found = {metric for policy in setup.policies for metric in _metrics(policy)}
    kept = " and ".join(name for name in ("CPU", "memory") if name.lower() in found) or "bounds"
    text = (
        f"The replay of today's policies misses the recorded task counts by {error:.0%} of the task-seconds:"
        f" the policies and the {kept} of a task were left as they are."
    )
    why = Caution(code="replay-error", text=text)
    left = _unseen_by(setup, cpu=levers.cpu, memory=levers.memory)
    return replace(left, batch=levers.batch, cautions=(*levers.cautions, why))


def _by_policies(service: Service, measured: set[str], *, size: bool, scaling: bool) -> Levers:
    setup = service.setup
    if not setup.policies:
        return Levers(cpu=size, memory=size, scaling=False, counts="seen" if setup.schedule else "set")
    if _suspended(service):
        text = "Scaling is suspended in part: the policy was left alone."
    elif not all(_replayable(policy, measured) for policy in setup.policies):
        names = ", ".join(sorted({_name(policy) for policy in setup.policies}))
        text = f"Scaled by {names}: this cannot be replayed, so only what the policies do not look at was judged."
    else:
        return Levers(cpu=size, memory=size, scaling=scaling, counts="replayed")
    why = Caution(code="policy-not-advised", text=text)
    return replace(_unseen_by(setup, cpu=size, memory=size), cautions=(why,))


def _unseen_by(setup: Setup, *, cpu: bool, memory: bool) -> Levers:
    """Counts as recorded, and the parts of a size that no policy looks at."""
    found = {metric for policy in setup.policies for metric in _metrics(policy)}
    return Levers(cpu=cpu and "cpu" not in found, memory=memory and "memory" not in found, scaling=False, counts="seen")


def _replayable(policy: Policy, measured: set[str]) -> bool:
    if isinstance(policy, PredictiveScaling):
        return policy.mode == "ForecastOnly" or policy.metric == "cpu"
    return not isinstance(policy, OtherPolicy) and policy.metric in measured


def _is_saturated_batch(profile: Profile) -> bool:
    return profile.no_task_share >= BATCH_NO_TASK_SHARE and profile.saturated_share > BATCH_SATURATED_SHARE


def _no_cpu(levers: Levers, profile: Profile) -> Levers:
    text = (
        f"Runs in batches (no task in {profile.no_task_share:.0%} of the time) and uses all the CPU it is given:"
        " more CPU would end it sooner at about the same cost, so its CPU was left as it is."
    )
    return replace(levers, cpu=False, batch=True, cautions=(*levers.cautions, Caution(code="batch", text=text)))


def _suspended(service: Service) -> bool:
    scaling = service.scaling
    return scaling is not None and (scaling.scale_in_suspended or scaling.scale_out_suspended)


def _metrics(policy: Policy) -> tuple[str, ...]:
    return ("cpu", "memory") if isinstance(policy, OtherPolicy) else (policy.metric,)


def _name(policy: Policy) -> str:
    if isinstance(policy, OtherPolicy):
        return "a policy that cannot be replayed"
    kind = {"TargetTracking": "target tracking", "StepScaling": "step scaling", "PredictiveScaling": "prediction"}
    return f"{kind[policy.type]} on {policy.metric}"
