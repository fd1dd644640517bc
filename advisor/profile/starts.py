"""Start-up apart from steady state: steps in which a task that had just come used the CPU, and nothing else changed."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.finding import Caution
from advisor.domain.schema import STARTING

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LONGEST_STEP_SECONDS = 60  # chosen: in a longer step the work that brought a task cannot be told from its start
START_SECONDS = 300  # chosen: how long after a rise of the count a start is looked for
HOTTER, UNMOVED = 1.5, 1.25  # chosen: the hottest task against before; the others at most
SLACK = 1.0  # chosen: percent of CPU; less is nothing, whatever was before
PLAIN = 1.1  # chosen: memory of a start is told from there on, against the rest


def starting(cpu: Floats, hot: Floats, tasks: Floats, step_seconds: int) -> Bools:
    """Steps whose CPU is that of a start: the count rose within the last minutes, the hottest task is much hotter than
    before the rise, and the others do what they did.

    `cpu` and `hot` in percent of a task: the average and the hottest. Where the work itself rose, the others show it,
    so it is no start. One task alone shows nothing.
    """
    found = np.zeros(len(tasks), dtype=bool)
    rose = np.flatnonzero(np.diff(tasks) >= 0.5) + 1
    if step_seconds > LONGEST_STEP_SECONDS or not rose.size:
        return found
    others = (cpu * tasks - hot) / np.maximum(tasks - 1, 1e-9)
    for at, following in pairwise([*rose.tolist(), len(tasks)]):
        window = slice(at, min(at + START_SECONDS // step_seconds, following))
        hotter = hot[window] >= HOTTER * hot[at - 1] + SLACK
        unmoved = others[window] <= UNMOVED * cpu[at - 1] + SLACK
        found[window] = hotter & unmoved & (tasks[window] > 1) & (tasks[at - 1] > 0)
    return found


def start_cautions(frame: pd.DataFrame) -> tuple[Caution, ...]:
    """What starts took: CPU, which does not set the size, and memory, which does."""
    starts = (frame["state"] == STARTING).to_numpy()
    if not starts.any():
        return ()
    cpu, memory = (_apart(frame[name].to_numpy(), starts) for name in ("hot_vcpu", "hot_gib"))
    text = (
        f"A task that starts uses up to {cpu[0]:.2f} vCPU ({cpu[1]:.2f} at other times), in {starts.sum()} steps of the"
        " history: they do not set its CPU. With less of it, starts take longer."
    )
    found = [Caution(code="startup-cpu", text=text)]
    if memory[0] > PLAIN * memory[1]:
        text = (
            f"A task that starts holds up to {memory[0]:.2f} GiB ({memory[1]:.2f} at other times): that is a peak"
            " like any other."
        )
        found.append(Caution(code="startup-memory", text=text))
    return tuple(found)


def _apart(values: Floats, starts: Bools) -> tuple[float, float]:
    """The highest in starts, and at other times."""
    return (float(np.nanmax(values[starts], initial=0.0)), float(np.nanmax(values[~starts], initial=0.0)))
