"""What must hold before anything is written: nothing drifted, nothing is under way, the plan is understood."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from advisor.applier.alarms import ACTS_ON, ALARM_FIELDS, POLICY_ARN, WATCHED, alarms_of_step, names_in
from advisor.applier.aws import Aws, Client
from advisor.applier.description import differences
from advisor.applier.live import Live, read_live
from advisor.applier.policies import CONFIGURATIONS
from advisor.applier.policies import FIELDS as CONFIGURED
from advisor.applier.raising import BY_CLOCK, KEEP
from advisor.applier.steps import REGISTERED
from advisor.domain.errors import ApplyRefused, InputRefused, one_line
from advisor.domain.plan import Change, Plan, Step
from advisor.domain.service import OperatingSystem, TaskSize
from advisor.fargate.sizes import check_size, parse_cpu, parse_memory

# The fields that a step of a plan may name; a plan file may have been written by anybody.
FIELDS: Mapping[str, frozenset[str]] = {
    "register-task-definition": frozenset({"family", "from", "cpu", "memory", "containers"}),
    "update-service": frozenset({"taskDefinition", "desiredCount"}),
    "register-scalable-target": frozenset({"MinCapacity", "MaxCapacity", "SuspendedState", KEEP, BY_CLOCK}),
    "deregister-scalable-target": frozenset(),
    "put-scaling-policy": frozenset({"PolicyName", "PolicyType", *CONFIGURATIONS.values()}),
    "delete-scaling-policy": frozenset({"PolicyName"}),
    "put-metric-alarm": ALARM_FIELDS,
    "delete-alarms": frozenset({"AlarmNames"}),
    "put-scheduled-action": frozenset({"ScheduledActionName", "Schedule", "Timezone", "ScalableTargetAction"}),
    "delete-scheduled-action": frozenset({"ScheduledActionName"}),
}
_KINDS = {name: kind for kind, name in CONFIGURATIONS.items()}
_PLAIN_METRIC = {"PredefinedMetricType", "TargetValue", "PredefinedMetricPairSpecification"}
_CONTAINER_FIELDS = {"name", "cpu", "memory", "memoryReservation"}
_MOST_SHOWN = 12


def check_plan(plan: Plan, client: Client) -> None:
    """Raise ApplyRefused, naming every difference of every change, unless the whole plan can be applied."""
    twins = {str(c.id) for c in plan.changes if [d.id for d in plan.changes].count(c.id) > 1}
    problems = [f"{name}: the plan changes it twice" for name in sorted(twins)]
    for change in plan.changes:
        found = list(step_problems(change.steps))
        if not found:
            aws = Aws(client, change.id)
            found = list(problems_of(change, read_live(aws, alarms=alarms_of(change)), aws))
        problems += [f"{change.id}: {problem}" for problem in found]
    if problems:
        raise refusal(problems)


def alarms_of(change: Change) -> set[str]:
    """The names of the alarms that a change writes."""
    return {name for step in change.steps for name in alarms_of_step(step)}


def refusal(problems: list[str], *, changed: str = "Nothing was changed.") -> ApplyRefused:
    """The refusal that names the problems and says what was changed, on one line."""
    shown = problems[:_MOST_SHOWN]
    more = f"; and {len(problems) - len(shown)} more" if len(problems) > len(shown) else ""
    return ApplyRefused(
        f"{'; '.join(shown)}{more}. Rule: live state is what the plan was made from. "
        f"{changed} Next: collect, review and plan again."
    )


def problems_of(change: Change, live: Live, aws: Aws) -> Iterator[str]:
    """Why a change cannot be made now; each a few words that name field, expected and live value."""
    yield from differences(change.expects, _as_recorded(live, change))
    yield from _final_problems(change, live)
    yield from _alarm_problems(change, live, aws)
    if live.deploying:
        yield "a deployment is under way"
    if live.definition.get("status", "ACTIVE") != "ACTIVE":
        yield "its task definition is deregistered, so that undo could not go back to it"
    if live.description["owner"] and live.description["owner"] == change.expects.get("owner"):
        yield f"it is owned by {one_line(live.description['owner'])}"
    yield from _size_problems(change, live)
    named = {c["name"] for c in live.definition["containerDefinitions"]}
    for name in sorted(_containers(change.steps) - named):
        yield f"the task definition has no container {one_line(name)}"


def _as_recorded(live: Live, change: Change) -> Mapping[str, Any]:
    """Without what a collection leaves out: actions whose end has passed, alarms of policies not described."""
    now, expected = datetime.now(UTC), change.expects.get("scheduled_actions")
    named = expected if isinstance(expected, Mapping) else {}
    kept = {
        name: action
        for name, action in live.description["scheduled_actions"].items()
        if name in named or action["end"] is None or datetime.fromisoformat(action["end"]) > now
    }
    return {**live.description, "scheduled_actions": kept, "alarms": dict(_described_alarms(live, change))}


def _described_alarms(live: Live, change: Change) -> Iterator[tuple[str, Mapping[str, Any]]]:
    policies: Any = change.expects.get("policies", {})
    named: Any = change.expects.get("alarms", {})
    for name, alarm in live.description["alarms"].items():
        kinds = {policies.get(policy, {}).get("type") for policy in alarm["policies"]}
        if name in named or name in alarms_of(change) or kinds != {"Other"}:
            yield name, alarm


def _final_problems(change: Change, live: Live) -> Iterator[str]:
    """A target that takes policies with it, which undo would not know of."""
    whole = any(step.kind == "deregister-scalable-target" for step in change.steps)
    if whole and (left := _policies_after(change, live)):
        yield f"the target would go with policies that the plan does not name: {', '.join(map(one_line, sorted(left)))}"


def _alarm_problems(change: Change, live: Live, aws: Aws) -> Iterator[str]:
    """Alarms that are not this service's own to change, or that would go on naming a policy that is gone."""
    held, after = live.description["alarms"], _acted_on(change, live)
    for name in sorted(alarms_of(change) & set(held)):
        if others := [arn for arn in held[name]["actions"] if POLICY_ARN in arn]:
            yield f"the alarm {one_line(name)} also acts on {', '.join(map(one_line, others))}"
        if not held[name]["policies"]:
            yield f"the alarm {one_line(name)} is of no policy of this service"
        if name not in after and (parents := aws.composites_over(name)):
            yield f"the alarm {one_line(name)} is part of the composite alarm {', '.join(map(one_line, parents))}"
    there = _policies_after(change, live)
    for name, policies in after.items():
        if lost := sorted(policies - there):
            yield f"the alarm {one_line(name)} would act on the policy {', '.join(map(one_line, lost))}, which is gone"


def _policies_after(change: Change, live: Live) -> set[str]:
    named = {
        kind: {str(step.parameters.get("PolicyName")) for step in change.steps if step.kind == kind}
        for kind in ("put-scaling-policy", "delete-scaling-policy")
    }
    return ({*live.description["policies"]} | named["put-scaling-policy"]) - named["delete-scaling-policy"]


def _acted_on(change: Change, live: Live) -> dict[str, set[str]]:
    """The policies that each alarm acts on once the change is made."""
    after = {name: set(alarm["policies"]) for name, alarm in live.description["alarms"].items()}
    for step in change.steps:
        for name in alarms_of_step(step):
            if step.kind == "delete-alarms":
                after.pop(name, None)
            elif ACTS_ON in step.parameters:
                after[name] = set(names_in(step.parameters[ACTS_ON]))
    return after


def _size_problems(change: Change, live: Live) -> Iterator[str]:
    platform = live.definition.get("runtimePlatform", {})
    family, architecture = platform.get("operatingSystemFamily", "LINUX"), platform.get("cpuArchitecture", "X86_64")
    for step in change.steps:
        if step.kind == "register-task-definition":
            try:
                cpu, memory = (str(step.parameters.get(key)) for key in ("cpu", "memory"))
                size = TaskSize(cpu=parse_cpu(cpu), memory=parse_memory(memory))
                os: OperatingSystem = "WINDOWS" if family.startswith("WINDOWS") else "LINUX"
                check_size(size, os=os, architecture=architecture, where="task size")
            except InputRefused as error:
                yield str(error).rstrip(".")


def step_problems(steps: tuple[Step, ...]) -> Iterator[str]:
    """Steps that apply does not understand, or whose fields it would not set."""
    registers = any(step.kind == "register-task-definition" for step in steps)
    for step in steps:
        if step.kind not in FIELDS:
            yield f"a plan's step cannot be {step.kind}"
        elif odd := set(step.parameters) - FIELDS[step.kind]:
            yield f"{step.kind} may not set {', '.join(map(one_line, sorted(odd)))}"
        elif step.parameters.get("taskDefinition") == REGISTERED and not registers:
            yield "a revision is rolled out that the plan does not register"
        else:
            yield from _scaling_problems(step)
    for fields in _container_fields(steps):
        if odd := set(fields) - _CONTAINER_FIELDS:
            yield f"a container's {', '.join(map(one_line, sorted(odd)))} may not be set"


def _scaling_problems(step: Step) -> Iterator[str]:
    for name, value in step.parameters.items():
        fields = set(value) if isinstance(value, Mapping) else set()
        if name in _KINDS:
            for odd in sorted(fields - CONFIGURED[_KINDS[name]] | set(_nested(value)) - _PLAIN_METRIC):
                yield f"a policy's {one_line(odd)} may not be set"
        elif name == "ScalableTargetAction" and (odd_ones := fields - {"MinCapacity", "MaxCapacity"}):
            yield f"a scheduled action's {', '.join(map(one_line, sorted(odd_ones)))} may not be set"
        elif name == "MetricName" and value not in WATCHED.values():
            yield f"an alarm may not watch {one_line(str(value))}"
        elif name == "SuspendedState" and isinstance(value, Mapping) and any(value.values()):
            yield "scaling may not be suspended"


def _nested(config: object) -> Iterator[str]:
    """The names inside a configuration's metric, which is to be a predefined one."""
    if isinstance(config, Mapping):
        specifications = config.get("MetricSpecifications")
        found = [config.get("PredefinedMetricSpecification")]
        found += specifications if isinstance(specifications, list | tuple) else []
        found += [f.get("PredefinedMetricPairSpecification") for f in found if isinstance(f, Mapping)]
        yield from (str(name) for metric in found if isinstance(metric, Mapping) for name in metric)


def _container_fields(steps: tuple[Step, ...]) -> Iterator[Mapping[str, object]]:
    for step in steps:
        containers = step.parameters.get("containers", ())
        if isinstance(containers, list | tuple):
            yield from (c for c in containers if isinstance(c, Mapping))


def _containers(steps: tuple[Step, ...]) -> set[str]:
    return {str(fields.get("name")) for fields in _container_fields(steps)}
