"""Tasks that were killed for want of memory: how they are told from tasks that were stopped.

====================  ========================================================================================
what is known         what it means
====================  ========================================================================================
ECS said so           "OutOfMemoryError: Container killed due to memory usage" (seen, no published list), with
                      whichever exit code: the kernel may kill a child and leave the container
137, nobody stopped   the only container of a task ended by SIGKILL while no scheduler, user or Spot stopped the
the task              task: the kernel's killer is what does that (inferred)
137 among several     either of these: told, and no evidence
containers
137, else             a stop that outlasted `stopTimeout` ends with 137 too (documented): no evidence
====================  ========================================================================================

A kill says that the task wanted more than it had. How much more, nobody saw.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from advisor.domain.errors import printable
from advisor.domain.finding import Caution
from advisor.domain.inventory import Service
from advisor.domain.runs import KILLED, TaskRun
from advisor.domain.schema import NO_TASK
from advisor.domain.units import MIB_PER_GIB
from advisor.profile.records import Kill


def kills_of(runs: Iterable[TaskRun], service: Service) -> tuple[Kill, ...]:
    """The kills among the runs of a service, oldest first."""
    found = (_kill(run, service) for run in runs if run.id == service.id)
    return tuple(sorted((kill for kill in found if kill is not None), key=lambda kill: kill.at))


def doubtful_cautions(runs: Iterable[TaskRun], service: Service) -> tuple[Caution, ...]:
    """Ends that may have been kills: 137 among several containers of a task that nobody stopped, and no word of ECS."""
    ended = [run for run in runs if run.id == service.id and run.reason == "exited" and run.killed]
    doubtful = sum(not run.out_of_memory and len(run.containers) > 1 for run in ended)
    if not doubtful:
        return ()
    text = (
        f"{_often(doubtful)} a task ended with a container that was killed (137), and ECS names no reason: its memory"
        " ran out, or another container ended first and it outlasted its stop timeout. Look into its log."
    )
    return (Caution(code="killed-or-stopped", text=text),)


def with_kills(frame: pd.DataFrame, kills: Sequence[Kill]) -> pd.DataFrame:
    """The demand frame in which the fullest task held what the killed one had, in the steps of the kills."""
    hot = frame["hot_gib"].to_numpy()
    inside = [kill for kill in kills if frame.index[0] <= kill.at and not kill.container]
    if not inside or not np.isfinite(hot).any():
        return frame
    at = frame.index.searchsorted(pd.DatetimeIndex([kill.at for kill in inside]), side="right") - 1
    held = np.zeros(len(frame))
    np.maximum.at(held, at, [kill.memory / MIB_PER_GIB for kill in inside])
    felt = (held > 0) & (frame["state"].to_numpy() != NO_TASK)
    return frame.assign(hot_gib=np.where(felt, np.fmax(hot, held), hot))


def kill_cautions(kills: Sequence[Kill]) -> tuple[Caution, ...]:
    """What was killed, how often, and how sure that is."""
    found = []
    if task := [kill for kill in kills if not kill.container]:
        most, last = max(kill.memory for kill in task), task[-1].at
        doubt = "" if any(kill.certain for kill in task) else " (ended by SIGKILL, and nobody had stopped it)"
        text = (
            f"{_often(len(task))} a task was killed for want of memory{doubt}, the last time on {last:%Y-%m-%d}, with"
            f" up to {most / MIB_PER_GIB:g} GiB: how much it wanted was not seen, so only more than that is advised."
        )
        found.append(Caution(code="out-of-memory", text=text))
    for name in sorted({kill.container for kill in kills if kill.container}):
        held = [kill for kill in kills if kill.container == name]
        shown = printable(name)
        text = (
            f"{_often(len(held))} the container {shown} was killed at its own memory limit, below that of the task:"
            " only a higher limit of its own helps it."
        )
        found.append(Caution(code="container-out-of-memory", text=text))
    return tuple(found)


def _often(times: int) -> str:
    return "Once" if times == 1 else f"{times} times"


def _kill(run: TaskRun, service: Service) -> Kill | None:
    likely = run.reason == "exited" and len(run.containers) == 1 and run.containers[0].exit_code == KILLED
    if run.stopped is None or not (run.out_of_memory or likely):
        return None
    return Kill(at=run.stopped, memory=run.size.memory, certain=run.out_of_memory, container=_own_limit(run, service))


def _own_limit(run: TaskRun, service: Service) -> str:
    """The container that was killed at a limit of its own; "" where the task's memory was the limit."""
    definition = service.task_definition
    if definition is None or len(definition.containers) < 2:
        return ""
    limits = {container.name: container.memory for container in definition.containers}
    held = [end.name for end in run.containers if end.out_of_memory]
    return next((name for name in held if (limits.get(name) or run.size.memory) < run.size.memory), "")
