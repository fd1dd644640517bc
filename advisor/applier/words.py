"""A recommended change in words, for a plan's summary."""

from collections.abc import Iterator

from advisor.applier.match import match_policies, match_schedule
from advisor.domain.errors import one_line
from advisor.domain.inventory import Service
from advisor.domain.policy import Policy, PredictiveScaling, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup

_FIELDS = {
    "TargetTracking": ("target", "scale_out_cooldown", "scale_in_cooldown", "disable_scale_in"),
    "StepScaling": ("threshold", "points", "adjustment_type", "steps", "cooldown", "min_adjustment_magnitude"),
    "PredictiveScaling": ("target", "mode", "scheduling_buffer", "max_capacity_breach", "max_capacity_buffer"),
}


def words_of(service: Service, wanted: Setup) -> Iterator[str]:
    """What changes, a few words each."""
    now = service.setup
    if now.size != wanted.size:
        yield f"{now.size} -> {wanted.size}"
        yield from _rollout_words(service, wanted)
    yield from _count_words(now, wanted)
    scaling = service.scaling
    policies = match_policies(scaling.policies if scaling else (), wanted.policies)
    for held, policy in policies.changed:
        yield from _policy_words(held.policy, policy)
    yield from (f"new: {_policy_name(policy)}" for _, policy in policies.added)
    yield from (f"without {_policy_name(entry.policy)}" for entry in policies.deleted)
    schedule = match_schedule(scaling.schedule if scaling else (), wanted.schedule)
    yield from (f"{_action_name(action)}" for _, action in (*schedule.changed, *schedule.added))
    yield from (f"without the action {one_line(entry.name)}" for entry in schedule.deleted)


def _rollout_words(service: Service, wanted: Setup) -> Iterator[str]:
    """What to know before every task is replaced by one of another size."""
    rollout, now = service.rollout, service.setup
    if service.pending:
        yield f"{service.pending} of its tasks had not started when it was read"
    if rollout is None:
        return
    if not rollout.goes_back:
        yield f"{'only an alarm' if rollout.alarms_go_back else 'no circuit breaker'} takes it back if it fails"
    elif (failures := rollout.failures(now.desired)) > now.desired:
        yield f"the circuit breaker takes it back only after {failures} failed tasks"
    if rollout.bake_minutes:
        yield f"ECS keeps both sets of tasks for {rollout.bake_minutes} minutes more"
    if service.load_balanced and rollout.grace_seconds == 0 and wanted.size.cpu < now.size.cpu:
        yield "no grace period: a task that starts slower with less CPU may fail its health checks"


def _count_words(now: Setup, wanted: Setup) -> Iterator[str]:
    if (now.minimum is None) != (wanted.minimum is None):
        low, high = wanted.bounds
        yield f"{now.desired} tasks -> {low} to {high}" if now.minimum is None else f"a fixed count of {low}"
        return
    for field in ("desired",) if wanted.minimum is None else ("minimum", "maximum"):
        old, new = getattr(now, field), getattr(wanted, field)
        if old != new:
            yield f"{field} {old} -> {new}"


def _policy_words(held: Policy, wanted: Policy) -> Iterator[str]:
    for field in _FIELDS.get(wanted.type, ()):
        old, new = getattr(held, field), getattr(wanted, field)
        if old != new:
            metric = getattr(wanted, "metric", "")
            yield f"{metric} {_way(wanted)}{field.replace('_', ' ')} {old} -> {new}"


def _way(policy: Policy) -> str:
    match policy:
        case StepScaling():
            return f"scale-{policy.direction} "
        case PredictiveScaling():
            return "forecast "
        case _:
            return ""


def _policy_name(policy: Policy) -> str:
    match policy:
        case TargetTracking():
            return f"tracking of {policy.metric} at {policy.target:g}"
        case StepScaling():
            return f"scale-{policy.direction} steps on {policy.metric} from {policy.threshold:g}"
        case PredictiveScaling():
            return f"forecast of {policy.metric} at {policy.target:g}"
        case _:
            return "policy"


def _action_name(action: ScheduledAction) -> str:
    bounds = {"minimum": action.minimum, "maximum": action.maximum}
    words = " and ".join(f"{key} {value}" for key, value in bounds.items() if value is not None)
    return f"{one_line(action.expression)[1:-1]} {one_line(action.timezone)[1:-1]}: {words}"
