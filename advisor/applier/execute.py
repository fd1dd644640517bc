"""Apply a plan: check all of it, then change one service after the other; journal, verify, roll back."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from advisor.applier.alarms import alarms_of_step
from advisor.applier.aws import Aws, Client
from advisor.applier.back import look, take_back, traces
from advisor.applier.check import alarms_of, check_plan, problems_of, refusal
from advisor.applier.description import differences, merged
from advisor.applier.journal import FORMAT, Journal, read_journal
from advisor.applier.live import Live, read_live
from advisor.applier.results import Applied, Done
from advisor.applier.writer import Patience, Writer
from advisor.domain.errors import AdvisorError, ApplyFailed
from advisor.domain.plan import Change, Plan, Step

Progress = Callable[[int, int], None]
_NEXT = " Next: `advisor undo` with the journal takes back what was applied; then collect, review and plan again."


def apply_plan(
    plan: Plan,
    client: Client,
    *,
    journal: Path,
    now: Callable[[], datetime],
    progress: Progress | None = None,
    wait_seconds: float = 900.0,
    poll_seconds: float = 5.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Applied:
    """Apply every change of a plan, in its order; `client` gives (account, service, region) its boto3 client.

    `wait_seconds`: how long each rollout is waited for before it counts as still going on [s].

    Raises ApplyRefused (nothing was changed: drift, an owner, a deployment under way), AwsFailed (AWS refused
    to be read; nothing was changed), ApplyFailed (a change failed; says what was rolled back and what stays).
    """
    check_plan(plan, client)
    if not plan.changes:
        return Applied(journal="")
    patience = Patience(wait_seconds=wait_seconds, poll_seconds=poll_seconds, sleep=sleep)
    done: list[Done] = []
    with Journal(journal, now=now, new=True) as book:
        book.write("begin", format=FORMAT, made_at=plan.made_at.isoformat(), made_from=plan.made_from)
        for number in range(len(plan.changes)):
            _report(progress, number, len(plan.changes))
            done.append(_apply_or_roll_back(plan, number, client, book, patience))
        _report(progress, len(plan.changes), len(plan.changes))
    return Applied(journal=str(journal), changes=tuple(done))


def _report(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(done, total)


def _apply_or_roll_back(plan: Plan, number: int, client: Client, book: Journal, patience: Patience) -> Done:
    change = plan.changes[number]
    writer = Writer(Aws(client, change.id), book, number=number, patience=patience)
    try:
        before = _begin(change, number, writer.aws, book)
    except AdvisorError as error:
        if number == 0:
            raise
        raise ApplyFailed(f"{error}{_others(plan, number)}{_NEXT}") from None
    try:
        return _apply(change, before, writer)
    except Exception as error:
        failure = _words(error, change)
        back = _rolled_back(change, number, client, book, patience)
    # Raised outside the handler: what is not ours may hold a request, and a request may hold secrets.
    raise ApplyFailed(f"{failure} {back}{_others(plan, number)}{_NEXT}")


def _words(error: Exception, change: Change) -> str:
    return str(error) if isinstance(error, AdvisorError) else f"{change.id}: {type(error).__name__}."


def _others(plan: Plan, number: int) -> str:
    def names(changes: tuple[Change, ...]) -> str:
        return ", ".join(change.id.service for change in changes) or "none"

    return f" Applied and kept: {names(plan.changes[:number])}. Not begun: {names(plan.changes[number + 1 :])}."


def _rolled_back(change: Change, number: int, client: Client, book: Journal, patience: Patience) -> str:
    found = [t for t in traces(read_journal(book.path), where=str(book.path)) if t.number == number]
    if not found:
        return "Nothing of it was changed."
    try:
        back = look(found[0], client)
        if back.problems:
            return f"Not rolled back, somebody else changed it: {'; '.join(back.problems)}."
        take_back(back, client, book, patience)
    except Exception as error:
        return f"Not rolled back whole: {_words(error, change)}"
    return "Rolled back: it stands as before."


def _begin(change: Change, number: int, aws: Aws, book: Journal) -> Live:
    live = read_live(aws, alarms=alarms_of(change))
    if problems := list(problems_of(change, live, aws)):
        raise refusal([f"{change.id}: {problem}" for problem in problems], changed="It was not changed.")
    book.write(
        "change",
        change=number,
        id=asdict(change.id),
        summary=change.summary,
        before=live.description,
        policies=live.policies,
        alarms=_tagged_alarms(change, live, aws),
        arns=live.arns,
        actions=live.actions,
        target=live.target,
        desired=live.desired,
        tags=_target_tags(change, live, aws),
    )
    return live


def _target_tags(change: Change, live: Live, aws: Aws) -> dict[str, str]:
    """The tags of a scalable target that the change takes away; nothing else would know them afterwards."""
    if not any(step.kind == "deregister-scalable-target" for step in change.steps):
        return {}
    answer = aws.scaling("list_tags_for_resource", ResourceARN=live.target_arn)
    return dict(answer.get("Tags", {}))


def _tagged_alarms(change: Change, live: Live, aws: Aws) -> dict[str, Any]:
    """What gives the alarms again, with the tags of those that the change deletes."""
    gone = {name for step in change.steps if step.kind == "delete-alarms" for name in alarms_of_step(step)}
    return {
        name: {**alarm, **(_alarm_tags(live.alarm_arns[name], aws) if name in gone else {})}
        for name, alarm in live.alarms.items()
    }


def _alarm_tags(arn: str, aws: Aws) -> dict[str, Any]:
    tags = aws.watch("list_tags_for_resource", ResourceARN=arn).get("Tags")
    return {"Tags": tags} if tags else {}


def _apply(change: Change, before: Live, writer: Writer) -> Done:
    left = _write(change, writer)
    _verify(change, before, writer, left=left)
    writer.journal.write("verified", change=writer.number, rolling=writer.rolling)
    says = tuple(step.says for step in left)
    return Done(id=change.id, summary=change.summary, rolling=writer.rolling, left=says)


def _write(change: Change, writer: Writer) -> list[Step]:
    """Make the writes; returns the steps that wait for a rollout which is still going on."""
    left: list[Step] = []
    for step in change.steps:
        lowers = step.kind == "update-service" and "taskDefinition" not in step.parameters
        if lowers and writer.rolling:  # tasks would be taken away in mid-rollout
            left.append(step)
        else:
            writer.do(step)
    return left


def _verify(change: Change, before: Live, writer: Writer, *, left: list[Step]) -> None:
    """Read back every field; raises ApplyFailed naming those that do not hold what was set."""
    wanted: dict[str, Any] = dict(before.description)
    for sets in writer.sets:
        wanted = merged(wanted, sets)
    live = read_live(writer.aws, alarms=alarms_of(change)).description
    if left and before.target is not None:  # the count stays where scaling has left it
        wanted["desired_count"] = live["desired_count"]
    if problems := list(differences(wanted, live)):
        raise ApplyFailed(f"{change.id}: does not read back as set: {'; '.join(problems)}.")
