"""The way back, from what the journal says and what stands in AWS now; rollback and undo both take it.

It does not trust that a run came to its end: a call that was announced may or may not have been made, so
each field may hold what was read before or anything that was announced, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.applier.aws import Aws, Client
from advisor.applier.definitions import describe, ours
from advisor.applier.description import allowed, differences
from advisor.applier.journal import Journal
from advisor.applier.live import Live, read_live
from advisor.applier.steps import steps_between
from advisor.applier.writer import Patience, Writer
from advisor.domain.errors import ApplyFailed, InputRefused, one_line
from advisor.domain.plan import Step
from advisor.domain.service import ServiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a journal says about one change.

    `announced` are its "before" entries in order, `registered` is the new revision's ARN if it was written
    down, `undone` says that it was already taken back and read back.
    """

    number: int
    id: ServiceId
    summary: str
    before: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Any]]
    announced: tuple[Mapping[str, Any], ...] = ()
    registered: str | None = None
    undone: bool = False


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
    live = read_live(aws)
    revisions = tuple(_registered_by(trace, aws))
    sets = [e["sets"] for e in trace.announced]
    choices = (trace.before, *sets, *({"task_definition": arn} for arn in revisions))
    return Return(trace=trace, live=live, revisions=revisions, problems=tuple(allowed(live.description, choices)))


def take_back(back: Return, client: Client, journal: Journal, patience: Patience) -> bool:
    """Restore what was read before, deregister our revisions, read back; True if a rollout is still going on.

    Raises AwsFailed where AWS refuses and ApplyFailed where something does not read back.
    """
    trace, aws = back.trace, Aws(client, back.trace.id)
    writer = Writer(aws, journal, number=trace.number, patience=patience, exact=trace.policies)
    for step in _steps(back, aws):
        writer.do(step)
    left = list(differences(trace.before, read_live(aws).description))
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
    yield from steps_between(now, before, factor=factor)
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
        policies=change["policies"],
        announced=tuple(e for e in own if e["event"] == "before"),
        registered=results[-1]["arn"] if results else None,
        undone=any(e["event"] == "undone" for e in own),
    )
