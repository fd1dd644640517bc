"""Numbers and setups in words, with their units, the same in every format."""

from datetime import date
from decimal import Decimal

from advisor.domain.finding import Advice, Risk, TaskFamily
from advisor.domain.policy import OtherPolicy, Policy, PredictiveScaling, ScheduledAction, StepScaling
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB, CapacityShare, Setup
from advisor.domain.settings import Limits

UNKNOWN = "not known"
METRICS = {"cpu": ("CPU", " %"), "memory": ("memory", " %"), "requests": ("requests", " a minute and task")}


def money(usd: Decimal | None) -> str:
    """Dollars with two decimals; the sign stands before the dollar.

    >>> money(Decimal("-1234.5"))
    '−$1,234.50'
    """
    if usd is None:
        return UNKNOWN
    cents = round(usd, 2)
    return f"{'−' if cents < 0 else ''}${abs(cents):,.2f}"


def percent(share: float | None) -> str:
    """A share of 0 to 1 in percent, fine enough to tell small from none.

    >>> [percent(x) for x in (0, 0.00004, 0.0021, 0.5, None)]
    ['0 %', '< 0.01 %', '0.21 %', '50 %', 'not known']
    """
    if share is None:
        return UNKNOWN
    value = 100 * share
    if 0 < value < 0.01:
        return "< 0.01 %"
    return f"{value:.3g} %" if value < 100 else f"{value:.0f} %"


def span(start: date, end: date) -> str:
    """Two days as people write them: 8 to 23 November 2026."""
    same_year, same_month = start.year == end.year, (start.year, start.month) == (end.year, end.month)
    first = f"{start.day}" if same_month else f"{start.day} {start:%B}" if same_year else f"{start.day} {start:%B %Y}"
    return f"{first} to {end.day} {end:%B %Y}"


def days(count: float) -> str:
    """A number of days with its unit: 1 day, 9.5 days."""
    return f"{count:.3g} {'day' if count == 1 else 'days'}"


def tasks(setup: Setup) -> str:
    """How many tasks: a fixed count, or the bounds of scaling."""
    low, high = setup.bounds
    if setup.minimum is None:
        return f"{setup.desired} {'task' if setup.desired == 1 else 'tasks'}, fixed"
    return f"{low} to {high} tasks"


def capacity(shares: tuple[CapacityShare, ...]) -> str:
    """Who provides the tasks, with base and weight where there is a choice."""
    names = {"FARGATE": "on demand", "FARGATE_SPOT": "Spot"}
    if len(shares) == 1:
        return names[shares[0].provider]
    parts = [
        f"{names[share.provider]} weight {share.weight}" + (f", base {share.base}" if share.base else "")
        for share in shares
    ]
    return " + ".join(parts)


def policy(one: Policy) -> str:
    """A scaling policy in a few words."""
    if isinstance(one, OtherPolicy):
        return f"policy that is not replayed ({one.why})"
    name, unit = METRICS[one.metric]
    if isinstance(one, PredictiveScaling):
        return f"predictive scaling on {name}, target {one.target:g}{unit}"
    if isinstance(one, StepScaling):
        return f"step scaling {one.direction} on {name} at {one.threshold:g}{unit}, cooldown {one.cooldown} s"
    cooldowns = f"cooldowns {one.scale_out_cooldown} s out, {one.scale_in_cooldown} s in"
    scale_in = ", no scale-in" if one.disable_scale_in else ""
    return f"{name} target {one.target:g}{unit}, {cooldowns}{scale_in}"


def action(one: ScheduledAction) -> str:
    """A scheduled action in a few words."""
    when = one.expression or f"tick {one.at_tick}"
    bounds = [f"minimum {one.minimum}"] if one.minimum is not None else []
    bounds += [f"maximum {one.maximum}"] if one.maximum is not None else []
    return f"{when} ({one.timezone}): {', '.join(bounds)}"


def facets(setup: Setup) -> dict[str, str]:
    """A setup as named facts, for a table that sets two side by side."""
    extra = setup.ephemeral_gib > INCLUDED_EPHEMERAL_GIB
    return {
        "Task size": str(setup.size),
        "Platform": f"{setup.os.capitalize()} {setup.architecture}",
        "Tasks": tasks(setup),
        "Scaling": "; ".join(map(policy, setup.policies)) or "none",
        "Schedule": "; ".join(map(action, setup.schedule)) or "none",
        "Purchase": capacity(setup.capacity),
        "Ephemeral storage": f"{setup.ephemeral_gib} GiB" if extra else "none",
    }


def side_by_side(now: Setup, then: Setup | None) -> list[tuple[str, str, str]]:
    """(fact, now, as recommended) of two setups; what neither of them has is left out."""
    before, after = facets(now), facets(now if then is None else then)
    optional = ("Schedule", "Ephemeral storage")
    return [
        (name, value, after[name])
        for name, value in before.items()
        if not (name in optional and value == after[name] == "none")
    ]


def brief(setup: Setup) -> str:
    """A setup on one line: size, tasks, scaling target, what else sets the count."""
    targets = [
        f"{METRICS[p.metric][0]} target {p.target:g}{METRICS[p.metric][1]}"
        for p in setup.policies
        if p.type == "TargetTracking"
    ]
    others = sorted({p.type for p in setup.policies} - {"TargetTracking"})
    schedule = [f"schedule of {len(setup.schedule)}"] if setup.schedule else []
    return ", ".join([str(setup.size), tasks(setup), *targets, *map(_kind, others), *schedule])


def _kind(kind: str) -> str:
    kinds = {"StepScaling": "step scaling", "PredictiveScaling": "predictive scaling"}
    return kinds.get(kind, "a policy that is not replayed")


def risk_word(risk: Risk, limits: Limits) -> str:
    """The stated risk as one word: its highest share of the limit that was set for it, and what it leaves out.

    =================  ==========
    share of limit     word
    =================  ==========
    up to 0.1          very low
    up to 0.5          low
    up to 1            within limit
    above 1            above limit
    nothing is known   not known
    =================  ==========

    Where the chance of memory is not stated, the word says so. The steps are a choice for the reader's eye; the limits
    are those of the configuration.
    """
    pairs = (
        (risk.cpu_throttled_share, limits.cpu_throttled_share),
        (risk.memory_breach_probability, limits.memory_breach_probability),
        (risk.unmet_share, limits.unmet_share),
    )
    known = [(value, limit) for value, limit in pairs if value is not None]
    if not known:
        return UNKNOWN
    steps = (("very low", 0.1), ("low", 0.5), ("within limit", 1.0))
    word = next((w for w, part in steps if all(value <= part * limit for value, limit in known)), "above limit")
    return word if risk.memory_breach_probability is not None else f"{word}; memory {UNKNOWN}"


def risk_numbers(risk: Risk) -> tuple[tuple[str, str], ...]:
    """The stated risk in numbers: (what, how much)."""
    return (
        ("CPU throttled, share of time", percent(risk.cpu_throttled_share)),
        ("CPU throttled above the limit, probability in a month", percent(risk.cpu_over_limit_probability)),
        ("Memory limit reached, probability in a month", percent(risk.memory_breach_probability)),
        ("Work not served, share of demand", percent(risk.unmet_share)),
    )


def confidence_word(confidence: float) -> str:
    """Confidence as one word; the steps at 0.5 and 0.75 are a choice for the reader's eye."""
    return "high" if confidence >= 0.75 else "medium" if confidence >= 0.5 else "low"


def backtest(advice: Advice) -> str:
    """The held-out score as one sentence: of what is kept as it is, or of the way in which a change was chosen."""
    score = advice.backtest
    if score is None:
        return "No score: there were no days to hold out."
    later = days(score.days_held_out)
    how = f"Chosen on {days(score.days_fitted)}, then replayed on {later} that the choice had not seen"
    if advice.verdict == "keep":
        how = f"Today's setup, replayed on the last {later}"
    memory = "the memory limit was reached" if score.memory_breached else "the memory limit was never reached"
    return (
        f"{how}: {money(score.cost_usd)} a month, CPU throttled {percent(score.cpu_throttled_share)} "
        f"of the time, {memory}, {percent(score.unmet_share)} of the work not served."
    )


def replay(error: float | None) -> str:
    """How well the replay of today's setup met the recorded task counts, as one sentence."""
    if error is None:
        return "The replay of today's setup was not compared with recorded task counts."
    return f"Replaying today's setup missed {percent(error)} of the recorded task-seconds."


STANDALONE_NOTE = (
    "ECS lists a stopped task for about an hour only: import archived task events to know every run "
    "(`advisor import-events`)."
)


def family_size(family: TaskFamily) -> str:
    """The size of a family's tasks, and what one of them used at most."""
    peaks = ((family.peak_vcpu, "vCPU"), (family.peak_gib, "GiB"))
    used = ", ".join(f"{peak:.2g} {unit}" for peak, unit in peaks if peak is not None)
    return f"{family.size or UNKNOWN}" + (f"; used at most {used}" if used else "")


def family_use(family: TaskFamily) -> str:
    """What a family's tasks used of what was billed for them, by the bill; empty where none measured it."""
    use = family.measured
    if use is None:
        return ""
    together = f"{percent(use.vcpu_share)} of CPU, {percent(use.gb_share)} of memory"
    highest = f"{percent(use.vcpu_highest)} and {percent(use.gb_highest)}"
    single = (
        "tasks are not told apart" if highest == f"{UNKNOWN} and {UNKNOWN}" else f"one task's highest hour {highest}"
    )
    return f"{together}; {single} ({days(use.days)} of {span(use.start, use.end)})"


def failures(family: TaskFamily) -> str:
    """How many runs of a family failed, in words; empty where none did."""
    if not family.failed:
        return ""
    memory = f", {family.out_of_memory} of them out of memory" if family.out_of_memory else ""
    return f"{family.failed} failed{memory}"
