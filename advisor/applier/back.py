"""The way back, from what the journal says and what stands in AWS now; rollback and undo both take it.

It does not trust that a run came to its end: a call that was announced may or may not have been made, so
each field may hold what was read before or anything that was announced, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from advisor.applier.aws import Aws, Client
from advisor.applier.definitions import describe, ours
from advisor.applier.description import ABSENT, BY_SCHEDULE, allowed, differences
from advisor.applier.journal import Journal
from advisor.applier.live import Live, read_live
from advisor.applier.steps import steps_between
from advisor.applier.writer import Exact, Patience, Writer
from advisor.domain.errors import ApplyFailed, InputRefused, one_line
from advisor.domain.plan import Step
from advisor.domain.service import ServiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a journal says about one change.

    `exact` and `target` give the scaling of before again, `desired` is the count of that moment. `announced`
    are its "before" entries in order, `registered` is the new revision's ARN if it was written down, `undone`
    says that it was already taken back and read back. `count_is_free`: scaling may have moved the count since.
    """

    number: int
    id: ServiceId
    summary: str
    before: Mapping[str, Any]
    exact: Exact
    target: Mapping[str, Any] | None = None
    desired: int = 0
    announced: tuple[Mapping[str, Any], ...] = ()
    registered: str | None = None
    undone: bool = False
    count_is_free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """One change that is to be taken back: live state and the revisions that apply registered."""

    trace: Trace
    live: Live
    revisions: tuple[str, ...]
    problems: tuple[str, ...]


def traces(entries: Sequence[Mapping[str, Any]], *, where: str) -> tuple[Trace, ...]:
    """The changes of a journal, in the order in which they were begun."""
    try:
        return tuple(_trace(e, entries) for e in entries if e["event"] == "change")
    except (KeyError, TypeError) as error:
        raise InputRefused(
            "an entry is not complete", where=where, value=str(error), rule="a journal of `advisor apply`"
        ) from None


def look(trace: Trace, client: Client) -> Return:
    """Read what stands now; `problems` names each field that somebody else has changed since."""
    aws = Aws(client, trace.id)
    live = read_live(aws, alarms=_alarm_names(trace))
    revisions = tuple(_registered_by(trace, aws))
    choices = (trace.before, *_choices(trace, live.description), *({"task_definition": arn} for arn in revisions))
    return Return(trace=trace, live=live, revisions=revisions, problems=tuple(allowed(live.description, choices)))


def _alarm_names(trace: Trace) -> set[str]:
    """The alarms that stood before, and those that were announced."""
    return {name for group in (trace.before, *(e["sets"] for e in trace.announced)) for name in group.get("alarms", ())}


def _choices(trace: Trace, live: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What fields may hold beside what was read before: what was announced, and what follows from it."""
    yield from (e["sets"] for e in trace.announced)
    if trace.count_is_free:
        yield {"desired_count": live["desired_count"]}
    if live["scheduled_actions"]:
        yield {"scalable_target": dict.fromkeys(("minimum", "maximum"), BY_SCHEDULE)}
    if trace.target is not None:
        yield {"scalable_target": {"minimum": trace.target["MinCapacity"], "maximum": trace.target["MaxCapacity"]}}
    groups = (trace.before, *(e["sets"] for e in trace.announced))
    for action in (a for group in groups for a in group.get("scheduled_actions", {}).values() if a != ABSENT):
        yield {"scalable_target": {key: action[key] for key in ("minimum", "maximum") if action[key] is not None}}


def take_back(back: Return, client: Client, journal: Journal, patience: Patience) -> bool:
    """Restore what was read before, deregister our revisions, read back; True if a rollout is still going on.

    Raises AwsFailed where AWS refuses and ApplyFailed where something does not read back.
    """
    trace, aws = back.trace, Aws(client, back.trace.id)
    writer = Writer(aws, journal, number=trace.number, patience=patience, exact=trace.exact)
    for step in _steps(back, aws):
        writer.do(step)
    left = list(differences(trace.before, read_live(aws, alarms=_alarm_names(trace)).description))
    left += [f"{arn} is still active" for arn in _active(back.revisions, aws)]
    if left:
        raise ApplyFailed(
            f"{trace.id}: not restored: {'; '.join(left)}. Rule: undo ends where apply began. "
            "Next: run undo again, or set these fields by hand."
        )
    journal.write("undone", change=trace.number)
    return writer.rolling


def _steps(back: Return, aws: Aws) -> Iterator[Step]:
    before, now = back.trace.before, back.live.description
    factor = 1.0
    if before["task_definition"] != now["task_definition"]:
        held = describe(aws, before["task_definition"])["taskDefinition"]
        factor = int(back.live.definition["cpu"]) / int(held["cpu"])
    target = back.trace.target
    base = (target["MinCapacity"], target["MaxCapacity"]) if target else None
    moved = any(e["kind"] == "register-scalable-target" for e in back.trace.announced)
    yield from steps_between(now, before, factor=factor, base=base, settle=moved, start=back.trace.desired)
    for arn in _active(back.revisions, aws):
        yield deregister_step(arn)


def deregister_step(arn: str) -> Step:
    """Takes a revision away, so that the family's latest is again what it was."""
    return Step(
        kind="deregister-task-definition",
        says=f"deregister {one_line(arn, 300)[1:-1]}",
        parameters={"taskDefinition": arn},
    )


def _active(revisions: Sequence[str], aws: Aws) -> list[str]:
    return [arn for arn in revisions if describe(aws, arn)["taskDefinition"].get("status") == "ACTIVE"]


def _registered_by(trace: Trace, aws: Aws) -> Iterator[str]:
    for entry in trace.announced:
        if entry["kind"] == "register-task-definition":
            yield from ours(
                aws,
                base=trace.before["task_definition"],
                parameters=entry["parameters"],
                after=entry["parameters"]["after"],
                registered=trace.registered,
            )


def _trace(change: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> Trace:
    number = change["change"]
    own = [e for e in entries if e.get("change") == number]
    results = [e["result"] for e in own if e["event"] == "after" and e["kind"] == "register-task-definition"]
    return Trace(
        number=number,
        id=ServiceId(**change["id"]),
        summary=change["summary"],
        before=change["before"],
        exact=Exact(
            policies=change["policies"],
            alarms=change["alarms"],
            arns=change["arns"],
            actions=change.get("actions", {}),
            tags=change.get("tags", {}),
            since=datetime.fromisoformat(change["at"]),
        ),
        target=change.get("target"),
        desired=change.get("desired", 0),
        count_is_free=_count_is_free(change["before"], own),
        announced=tuple(e for e in own if e["event"] == "before"),
        registered=results[-1]["arn"] if results else None,
        undone=any(e["event"] == "undone" for e in own),
    )


def _count_is_free(before: Mapping[str, Any], own: Sequence[Mapping[str, Any]]) -> bool:
    """Whether scaling may have moved the count since; not where a fixed one was set after the target went."""
    targeted = free = before["scalable_target"] is not None
    sets: Mapping[str, Any] = {}
    for entry in own:
        if entry["event"] == "before":
            sets = entry["sets"]
            if entry["kind"] == "register-scalable-target":
                targeted = free = True
        elif entry["event"] == "after" and entry["kind"] == "deregister-scalable-target":
            targeted = False
        elif entry["event"] == "after" and "desired_count" in sets:
            free = targeted
    return free
