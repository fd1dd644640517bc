"""How fast setups are replayed, and what bounds it; writes the page that says so.

    .venv/bin/python benchmarks/simulation_speed.py --out benchmarks/simulation_speed.md

One load, 1,000 setups, one run on one core; the script stops where two ways of replaying differ. A step is one setup
over one minute, whatever the number of its policies: a million policy-minutes per second is a million steps.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from advisor.codec import simulation_from_json
from advisor.domain.service import Setup
from advisor.simulation import Load, Summary, simulate, simulate_many, summarize_many
from benchmarks.numpy_tracking import track
from tests.oracles import simulator

DAYS, INITIAL, GROWTHS = 30, 4, (1.1, 1.25)
STEP = {"type": "StepScaling", "metric": "cpu", "adjustment_type": "ChangeInCapacity"}
OUT = {**STEP, "direction": "out", "threshold": 85, "steps": [[0, 10, 1], [10, None, 3]], "cooldown": 120}
IN = {**STEP, "direction": "in", "threshold": 20, "steps": [[None, 0, -1]], "points": 5, "cooldown": 300}
COOLDOWNS = (60, 300, 600, 1800)
REQUESTS = {
    "type": "TargetTracking",
    "metric": "requests",
    "target": 45,
    "scale_out_cooldown": 300,
    "scale_in_cooldown": 300,
}
ONE, FOUR = "one target-tracking policy", "four policies and a schedule"
HEAD = "| case | way | setups | ns per step | million policy-minutes per second | times the oracle |"
AIMS = {ONE: 5.0, FOUR: 20.0}  # ns per step: 200 and 50 million policy-minutes per second
Asked = dict[str, Any]
Way = tuple[str, int, float]
TOP = """# Speed of the simulation

Made by `.venv/bin/python benchmarks/simulation_speed.py --out benchmarks/simulation_speed.md`: one load of 30 days at
one minute, 1,000 setups (targets from 30 to 79 %, cooldowns of 60, 300, 600 and 1,800 s, minima from 1 to 5), one
core, one run. Times are those of the core, because other programs share the machine; the best of several repeats,
with all that a call does around the engine. A step is one setup over one minute, whatever the number of its policies:
counted by policy, four of them would be four times as many. Every way was checked to give the same counts before it
was timed; the oracle and the two ways that keep all ticks replay every 250th and every 10th of the same setups.
"""
READING = """What bounds it, as measured when the engine was made:

* **Scaling actions, not minutes.** A stretch in which no alarm can change the count is passed over: of 32 minutes, one
  number per alarm says so. The third table gives the time of a replay in which nothing is scaled, and what each action
  adds. Around an action about four minutes are stepped through and 1.6 decisions are made (counted over 512 actions).
* **The aim of 5 ns** is missed on this mix, which scales 26 to 127 times a day. By the third table it is kept by setups
  that scale up to about 800 times in the 30 days.
* **Inside the engine** no loop is hot any more. 24 % of a profiler's samples fell on code with a division: means of 3
  or 15 datapoints and the count asked for, which have to round as the contract does. The rest is spread out: no
  instruction has more than 3 %. Branches follow the noise of the load, but this machine counts no mispredicted ones.
* **No references are counted** inside the engine. Numba's counting took 70 % of the samples: 24 ns per step, not 10.
* **All ticks kept** are bound by memory: 24 bytes a tick that are new to the process. A single `simulate` also makes
  the windows of its load, which the other two make once for all setups.
* **NumPy** touches every setup in every minute, 58 us a minute for 1,000 setups, whether or not anything happens.
* **Around it**, reading a setup takes 8 us, and 47 us with four policies and 60 scheduled actions.
* **The search** keeps nothing per minute and setup. Its peak is that of the libraries and of the setups themselves.
"""


def main() -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=("search", "first"), help="what the script calls itself for")
    given = parser.parse_args()
    if given.only:
        print(json.dumps(search() if given.only == "search" else first_call()))
        return
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rows = {case: ways(case, given.repeats) for case in (ONE, FOUR)}
    found = own_process("search")
    page = "\n".join((*table(rows), "", *aims(rows, found), "", *bounds(given.repeats), "", *first_calls()))
    print(page)
    if given.out:
        given.out.write_text(f"{TOP}\n{page}\n\n{READING}")


def demand(days: int = DAYS) -> np.ndarray:
    """A day's wave with noise, a burst now and then, and calmer weekends  [vCPU per minute]."""
    random = np.random.default_rng(11)
    minute = np.arange(days * 1440)
    wave = 4 + 3 * np.sin(2 * np.pi * minute / 1440)
    bursts = np.where(random.random(len(minute) // 30).repeat(30) < 0.03, 2.5, 1.0)
    weekend = np.where((minute // 1440) % 7 >= 5, 0.6, 1.0)
    return wave * weekend * bursts * random.lognormal(0, 0.1, len(minute))


def load() -> Load:
    """The load that all setups meet."""
    vcpu = demand()
    return Load(vcpu=vcpu, requests=vcpu * 60)


def candidates(case: str) -> list[Asked]:
    """1,000 setups: targets from 30 to 79 %, four pairs of cooldowns, minima from 1 to 5; in the oracle's form."""
    up = [{"at_tick": day * 1440 + 480, "minimum": 6, "maximum": 40} for day in range(DAYS)]
    down = [{"at_tick": day * 1440 + 1200, "minimum": 2, "maximum": 30} for day in range(DAYS)]
    more, schedule = ((REQUESTS, OUT, IN), up + down) if case == FOUR else ((), [])
    base: Asked = {"cpu": 512, "memory": 1024, "initial": INITIAL, "maximum": 40, "schedule": schedule}
    choices = product(range(30, 80), COOLDOWNS, range(1, 6))
    return [base | {"minimum": least, "policies": [tracking(*policy), *more]} for *policy, least in choices]


def tracking(target: int, seconds: int) -> Asked:
    """Target tracking on CPU with both cooldowns alike."""
    cooldowns = {"scale_out_cooldown": seconds, "scale_in_cooldown": seconds}
    return {"type": "TargetTracking", "metric": "cpu", "target": target, **cooldowns}


def setups(case: str) -> list[Setup]:
    """The candidates as records, which share one schedule."""
    asked = candidates(case)
    schedule = record(asked[0]).schedule
    return [replace(record(one | {"schedule": []}), schedule=schedule) for one in asked]


def record(asked: Asked) -> Setup:
    """A setup from the oracle's form."""
    return simulation_from_json(json.dumps(asked), where="benchmark")[0]


def table(rows: Mapping[str, Sequence[Way]]) -> list[str]:
    """Every way of replaying, side by side."""
    lines = [HEAD, "|---|---|---:|---:|---:|---:|"]
    for case, found in rows.items():
        for way, count, step in found:
            rate, ratio = 1e3 / step, found[0][2] / step
            lines.append(f"| {case} | {way} | {count:,} | {step:,.1f} | {rate:,.2f} | {ratio:,.0f} |")
    return lines


def aims(rows: Mapping[str, Sequence[Way]], found: Mapping[str, float]) -> list[str]:
    """What was asked of the engine, and what was found; the search in a process of its own."""
    asked = [(f"ns per step, {case}", most, rows[case][-1][2]) for case, most in AIMS.items()]
    asked += [(f"s for a search of 1,000 setups, {case}", 1.0, found[case]) for case in AIMS]
    asked += [("MiB at the peak of both searches, everything counted", 500.0, found["peak"])]
    lines = ["| aim | at most | found | |", "|---|---:|---:|---|"]
    return lines + [f"| {what} | {most:g} | {got:.3g} | {verdict(got, most)} |" for what, most, got in asked]


def verdict(got: float, most: float) -> str:
    """Whether an aim was kept."""
    return "kept" if got <= most else "missed"


def ways(case: str, repeats: int) -> list[Way]:
    """(way, number of setups, ns per step) of each way of replaying a case, after checking that all agree."""
    asked, made, one = candidates(case), setups(case), load()
    few, some = range(0, 1000, 250), made[::10]
    slow = {"demand_vcpu": one.vcpu.tolist(), "requests": (one.vcpu * 60).tolist()}
    check_oracle(one, [(made[at], slow | {"setup": asked[at]}) for at in few])
    found = [
        ("plain oracle", len(few), best(lambda: [simulator.simulate(slow | {"setup": asked[at]}) for at in few], 1)),
        ("`simulate`, all ticks", len(some), best(lambda: [simulate(one, s, initial=INITIAL) for s in some], repeats)),
        ("`simulate_many`, all ticks", len(some), best(lambda: simulate_many(one, some, initial=INITIAL), repeats)),
    ]
    if case == ONE:
        check_numpy(track(one.vcpu, made, initial=INITIAL), summarize_many(one, made, initial=INITIAL))
        found.append(("NumPy over all setups", len(made), best(lambda: track(one.vcpu, made, initial=INITIAL), 1)))
    fast = best(lambda: summarize_many(one, made, initial=INITIAL, growths=GROWTHS), repeats)
    found.append(("`summarize_many`", len(made), fast))
    return [(way, count, seconds / count / len(one.vcpu) * 1e9) for way, count, seconds in found]


def check_oracle(one: Load, cases: Sequence[tuple[Setup, Asked]]) -> None:
    """Stop where the engine and the oracle differ: then nothing was measured."""
    for setup, case in cases:
        outcome, expected = simulate(one, setup, initial=INITIAL), simulator.simulate(case)
        if any(getattr(outcome, key).tolist() != values for key, values in expected.items()):
            raise SystemExit(f"engine and oracle differ: nothing measured. {setup}")


def check_numpy(found: dict[str, np.ndarray], summaries: Sequence[Summary]) -> None:
    """Stop where the engine and NumPy differ."""
    for key in ("running", "billed", "actions"):
        if found[key].tolist() != [getattr(summary, key) for summary in summaries]:
            raise SystemExit(f"engine and NumPy differ in {key}: nothing measured")
    if not np.allclose(found["unmet_share"], [summary.unmet_share for summary in summaries], rtol=1e-9, atol=0):
        raise SystemExit("engine and NumPy differ in unmet work: nothing measured")


def bounds(repeats: int) -> list[str]:
    """How the time of `summarize_many` follows the actions of a replay, by least squares over groups of setups."""
    lines = ["| case | us per setup | ns more per scaling action | actions per setup |", "|---|---:|---:|---:|"]
    for case in (ONE, FOUR):
        times, actions = np.array([timed(group, repeats) for group in groups(case)]).T
        slope, base = np.polyfit(actions, times, 1)
        lines.append(
            f"| {case} | {base * 1e6:,.0f} | {slope * 1e9:,.0f} | {actions.min():,.0f} to {actions.max():,.0f} |"
        )
    return lines


def groups(case: str) -> list[list[Setup]]:
    """The setups by cooldown and target, 50 a group."""
    several = np.array(setups(case), dtype=object).reshape(5, 10, len(COOLDOWNS), 5)
    return [several[band, :, seconds].ravel().tolist() for band in range(5) for seconds in range(len(COOLDOWNS))]


def timed(group: list[Setup], repeats: int) -> tuple[float, float]:
    """Seconds and scaling actions of one setup of a group, on average."""
    one = load()
    actions = [summary.actions for summary in summarize_many(one, group, initial=INITIAL)]
    seconds = best(lambda: summarize_many(one, group, initial=INITIAL), repeats)
    return seconds / len(group), float(np.mean(actions))


def first_calls() -> list[str]:
    """The first call of a process, with an empty cache and with the one it left."""
    with tempfile.TemporaryDirectory() as empty:
        cold, cached = (own_process("first", NUMBA_CACHE_DIR=empty)["seconds"] for _ in range(2))
    return [
        "| first `summarize_many` of a process | s |",
        "|---|---:|",
        f"| nothing cached: the engine is compiled | {cold:.1f} |",
        f"| compiled by an earlier process | {cached:.2f} |",
    ]


def own_process(only: str, **environment: str) -> dict[str, float]:
    """What the script finds when it is started for one thing alone."""
    command = [sys.executable, __file__, "--only", only]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def search() -> dict[str, float]:
    """Seconds of both searches, and the most memory that the process had  [MiB]."""
    one, made = load(), {case: setups(case) for case in (ONE, FOUR)}
    summarize_many(one, made[ONE][:1])
    found = {case: best(partial(summarize_many, one, made[case], initial=INITIAL, growths=GROWTHS), 3) for case in made}
    return found | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def first_call() -> dict[str, float]:
    """Seconds of the first replay of a process."""
    one, made = load(), setups(ONE)[:1]
    return {"seconds": best(lambda: summarize_many(one, made), 1)}


def best(work: Callable[[], object], repeats: int) -> float:
    """The least time of a call  [s of a core]; the clock stands while other programs have the core."""
    least = math.inf
    for _ in range(repeats):
        begin = time.process_time()
        work()
        least = min(least, time.process_time() - begin)
    return least


if __name__ == "__main__":
    main()
