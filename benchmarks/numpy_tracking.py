"""Target tracking on CPU in plain NumPy: a loop over ticks, arrays over setups. The rules are docs/simulation.md's."""

from collections.abc import Sequence

import numpy as np

from advisor.domain.policy import TargetTracking
from advisor.domain.service import Setup

HIGH, LOW, LOW_SHARE, TICK_SECONDS = 3, 15, 0.9, 60
STARTUP = 1  # tick, and as much delay of metrics; nothing drains


def track(vcpu: np.ndarray, setups: Sequence[Setup], *, initial: int) -> dict[str, np.ndarray]:
    """Sums over the ticks, one value per setup: running, billed, actions, share of unmet work."""
    fleet = Fleet(setups, initial)
    running, billed, unmet = (np.zeros(len(setups)) for _ in range(3))
    for tick, work in enumerate(vcpu.tolist()):
        fleet.running += fleet.arriving[tick % 2]
        fleet.arriving[tick % 2] = 0
        capacity = fleet.running * fleet.vcpu
        running += fleet.running
        billed += fleet.desired
        unmet += np.maximum(0.0, work - capacity)
        if tick + 1 < len(vcpu):
            fleet.decide(tick)
            fleet.measure(tick, work, capacity)
    return {"running": running, "billed": billed, "actions": fleet.actions, "unmet_share": unmet / vcpu.sum()}


class Fleet:
    """All setups in mid-replay, each with one such policy and a minimum of at least one task.

    Datapoints are kept in a ring; counters say for how many in a row an alarm's side has held. Only setups whose
    alarm is raised are looked at further. A start-up of one tick ends before a scale-in can follow a scale-out.
    """

    def __init__(self, setups: Sequence[Setup], initial: int) -> None:
        count = len(setups)
        self.vcpu, self.low, self.high, self.target, self.out_ticks, self.in_ticks = columns(setups)
        self.desired, self.running = np.full(count, initial), np.full(count, initial)
        self.arriving, self.actions = np.zeros((2, count), np.int64), np.zeros(count, np.int64)
        self.percent = np.zeros((LOW + 1, count))
        self.above, self.below = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.out_until, self.in_until = np.full(count, -1), np.full(count, -1)
        self.credited = np.zeros(count, np.int64)

    def decide(self, tick: int) -> None:
        """Bounds at the first tick, then what the alarms ask for by the datapoints before this tick."""
        if tick == 0:
            self.change(np.arange(len(self.desired)), np.clip(self.desired, self.low, self.high), tick)
        now, out = tick + 1, np.flatnonzero(self.above >= HIGH)
        if out.size:
            base = np.where(now < self.out_until[out], self.credited[out], self.running[out])
            wanted = self.asked(out, base, tick - 1, HIGH)
            acts = wanted > self.desired[out]
            acting = out[acts]
            self.change(acting, wanted[acts], tick)
            self.credited[acting], self.in_until[acting] = base[acts], -1
            self.out_until[acting] = now + STARTUP + self.out_ticks[acting]
        into = np.flatnonzero((self.below >= LOW) & (now >= self.in_until))
        if into.size:
            wanted = self.asked(into, self.running[into], tick - 1, LOW)
            acts = wanted < self.desired[into]
            acting = into[acts]
            self.change(acting, wanted[acts], tick)
            self.in_until[acting] = now + self.in_ticks[acting]

    def asked(self, of: np.ndarray, base: np.ndarray, last: int, points: int) -> np.ndarray:
        """The count that target tracking asks for within the bounds; datapoints are summed in the order of time."""
        total = np.zeros(len(of))
        for tick in range(last - points + 1, last + 1):
            total += self.percent[tick % len(self.percent), of]
        wanted = np.ceil(base * (total / points) / self.target[of] - 1e-9).astype(np.int64)
        return np.clip(wanted, self.low[of], self.high[of])

    def change(self, of: np.ndarray, wanted: np.ndarray, tick: int) -> None:
        """Set desired counts: tasks that are added are ready at tick + 2, others stop at once."""
        more = wanted - self.desired[of]
        self.arriving[tick % 2, of] += np.maximum(more, 0)
        self.running[of] += np.minimum(more, 0)
        self.desired[of] = wanted
        self.actions[of] += more != 0

    def measure(self, tick: int, work: float, capacity: np.ndarray) -> None:
        """Take the datapoints of a tick."""
        used = self.percent[tick % len(self.percent)]
        np.minimum(1.0, work / capacity, out=used)
        used *= 100.0
        self.above = (self.above + 1) * (used > self.target)
        self.below = (self.below + 1) * (used < LOW_SHARE * self.target)


def columns(setups: Sequence[Setup]) -> tuple[np.ndarray, ...]:
    """Task size, bounds, target and cooldowns in ticks, one value per setup."""
    policies = [policy for setup in setups for policy in setup.policies if isinstance(policy, TargetTracking)]
    bounds = np.array([setup.bounds for setup in setups])
    cooldowns = np.array([(policy.scale_out_cooldown, policy.scale_in_cooldown) for policy in policies])
    ticks = -(-cooldowns // TICK_SECONDS)
    sizes, targets = [setup.size.vcpu for setup in setups], [policy.target for policy in policies]
    return np.array(sizes), *bounds.T, np.array(targets, dtype=np.float64), *ticks.T
