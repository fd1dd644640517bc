"""docs/simulation.md once more, plain and slow, written from the page and not from the engine."""

import math
from dataclasses import dataclass, field
from typing import Any

Case = dict[str, Any]


def ceil(value: float) -> int:
    return math.ceil(value - 1e-9)


@dataclass
class World:
    """A service in mid-replay."""

    setup: Case
    running: int
    desired: int
    pending: list[int] = field(default_factory=list)  # ready ticks, oldest first
    draining: list[int] = field(default_factory=list)  # end ticks
    minimum: int = 0
    maximum: int = 0
    points: dict[str, list[float | None]] = field(default_factory=lambda: {"cpu": [], "memory": [], "requests": []})
    scale_out_until: int = -1
    scale_in_until: int = -1
    credited_base: int = 0

    def set_bounds(self, tick: int) -> None:
        for action in self.setup.get("schedule", []):
            if action["at_tick"] == tick:
                self.minimum = self.minimum if action.get("minimum") is None else action["minimum"]
                self.maximum = self.maximum if action.get("maximum") is None else action["maximum"]

    def change(self, desired: int, now: int) -> None:
        if desired > self.desired:
            self.pending += [now + self.setup.get("startup_ticks", 1)] * (desired - self.desired)
        stop = max(0, self.desired - desired)
        while stop and self.pending:
            self.pending.pop()
            stop -= 1
        self.running -= stop
        self.draining += [now + self.setup.get("drain_ticks", 0)] * stop
        self.desired = desired

    def window(self, metric: str, last: int, length: int) -> list[float] | None:
        """The `length` datapoints up to tick `last`; None where one is missing."""
        found = self.points[metric][max(0, last - length + 1) : last + 1] if last >= 0 else []
        return found if len(found) == length and None not in found else None  # type: ignore[return-value]


def simulate(case: Case) -> dict[str, list[int]]:
    """running, billed and desired per tick."""
    setup = case["setup"]
    world = World(setup=setup, running=setup["initial"], desired=setup["initial"])
    world.minimum, world.maximum = setup["minimum"], setup["maximum"]
    world.set_bounds(0)
    seen: dict[str, list[int]] = {"running": [], "billed": [], "desired": []}
    for tick in range(len(case["demand_vcpu"])):
        world.running += sum(ready <= tick for ready in world.pending)
        world.pending = [ready for ready in world.pending if ready > tick]
        world.draining = [end for end in world.draining if end > tick]
        measure(world, case, tick)
        seen["running"].append(world.running)
        seen["billed"].append(world.running + len(world.pending) + len(world.draining))
        seen["desired"].append(world.desired)
        decide(world, case, tick)
    return seen


def measure(world: World, case: Case, tick: int) -> None:
    demand, setup = case["demand_vcpu"][tick], world.setup
    cpu = memory = requests = None
    if world.running:
        capacity = world.running * setup["cpu"] / 1024
        model = setup.get("memory_model", {})
        used = model.get("base_mib", 0) + model.get("mib_per_vcpu", 0) * min(demand, capacity) / world.running
        cpu = 100 * min(1, demand / capacity)
        memory = min(100, 100 * used / setup["memory"])
        requests = case["requests"][tick] / world.running if "requests" in case else None
    for metric, value in (("cpu", cpu), ("memory", memory), ("requests", requests)):
        world.points[metric].append(value)


def decide(world: World, case: Case, tick: int) -> None:
    now = tick + 1
    world.set_bounds(now)
    floor = world.setup.get("floor")
    low = max(world.minimum, floor[now]) if floor and now < len(floor) else world.minimum
    low = min(low, world.maximum)
    world.change(min(max(world.desired, low), world.maximum), now)
    in_cooldown = now < world.scale_out_until
    base = world.credited_base if in_cooldown else world.running
    outs, ins = proposals(world, tick - world.setup.get("metric_delay_ticks", 1), base)
    seconds = world.setup.get("tick_seconds", 60)
    if outs:
        wanted, cooldown = max(outs)
        wanted = min(max(wanted, low), world.maximum)
        if wanted > world.desired:
            if not in_cooldown:
                world.credited_base = world.running
            world.change(wanted, now)
            startup = world.setup.get("startup_ticks", 1)
            world.scale_out_until = now + startup + math.ceil(cooldown / seconds)
            world.scale_in_until = -1
    elif ins and not case.get("deploying", [0] * now)[tick] and now >= world.scale_in_until:
        wanted, cooldown = max(ins)
        wanted = min(max(wanted, low), world.maximum)
        if wanted < world.desired:
            world.change(wanted, now)
            world.scale_in_until = now + math.ceil(cooldown / seconds)


Proposals = list[tuple[int, int]]  # (count, cooldown in seconds)


def proposals(world: World, last: int, base: int) -> tuple[Proposals, Proposals]:
    outs: Proposals = []
    ins: Proposals = []
    agreement: list[tuple[int, int] | None] = []
    low_points = 15 if world.setup.get("tick_seconds", 60) == 60 else 30
    for policy in world.setup["policies"]:
        if policy["type"] == "StepScaling":
            chosen = outs if policy["direction"] == "out" else ins
            reference = base if policy["direction"] == "out" else world.running
            if (count := step(world, policy, last, reference)) is not None:
                chosen.append((count, policy["cooldown"]))
            continue
        target = policy["target"]
        high = world.window(policy["metric"], last, 3)
        if high and min(high) > target:
            outs.append((ceil(base * (sum(high) / 3) / target), policy["scale_out_cooldown"]))
        if policy.get("disable_scale_in"):
            continue
        below = world.window(policy["metric"], last, low_points)
        agrees = below is not None and max(below) < 0.9 * target
        count = ceil(world.running * (sum(below) / low_points) / target) if below and agrees else 0
        agreement.append((count, policy["scale_in_cooldown"]) if agrees else None)
    if agreement and None not in agreement:
        ins += [vote for vote in agreement if vote is not None]
    return outs, ins


def step(world: World, policy: Case, last: int, reference: int) -> int | None:
    """The count that a step policy asks for; None where its alarm is quiet or no step fits."""
    window = world.window(policy["metric"], last, policy.get("points", 3))
    out, threshold = policy["direction"] == "out", policy["threshold"]
    if not window or not (min(window) > threshold if out else max(window) < threshold):
        return None
    distance = window[-1] - threshold
    for lower, upper, adjustment in policy["steps"]:
        low = -math.inf if lower is None else lower
        high = math.inf if upper is None else upper
        if (low <= distance < high) if out else (low < distance <= high):
            return adjusted(policy, adjustment, reference)
    return None


def adjusted(policy: Case, adjustment: int, reference: int) -> int:
    if policy["adjustment_type"] == "ExactCapacity":
        return adjustment
    if policy["adjustment_type"] == "ChangeInCapacity":
        return reference + adjustment
    exact = reference * adjustment / 100
    if exact > 1:
        change = math.floor(exact + 1e-9)
    elif exact < -1:
        change = ceil(exact)
    else:
        change = (exact > 0) - (exact < 0)
    magnitude = policy.get("min_adjustment_magnitude", 0)
    if change and abs(change) < magnitude:
        change = magnitude if change > 0 else -magnitude
    return reference + change
