"""A review as the field has it: 16 services, every verdict, hostile names, missing prices, no history."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from report_sample_bill import reconciliation
from report_sample_prices import PRICES

from advisor.domain.finding import (
    Advice,
    Alternative,
    Backtest,
    Caution,
    History,
    Review,
    Risk,
    TaskFamily,
    Totals,
    UsdMonth,
    Window,
)
from advisor.domain.inventory import Skipped
from advisor.domain.measured import MeasuredUse
from advisor.domain.policy import OtherPolicy, PredictiveScaling, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import CapacityShare, ServiceId, Setup, TaskSize

START = datetime(2026, 11, 8, tzinfo=UTC)
HOURS = 15 * 24
ACCOUNTS = ("000111122223", "444455556666")

HOSTILE = (
    "prod/<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","x")/a|b`c`[d](e)*f*_g_',
    "prod/line\nbreak\t\u202egpj.exe\x1b[31m",
)


def setup(vcpu: float, gib: float, tasks: int, most: int | None = None, **changes: object) -> Setup:
    bounds = {} if most is None else {"minimum": tasks, "maximum": most}
    return Setup(size=TaskSize.of(vcpu=vcpu, gib=gib), desired=tasks, **bounds, **changes)


def tracking(target: float, **changes: object) -> tuple[TargetTracking, ...]:
    return (TargetTracking(metric="cpu", target=target, **changes),)


def past(mean: float, now: Setup, then: Setup | None, *, memory: float, gap: bool = False) -> History:
    demand, peak, have, want, used = [], [], [], [], []
    for hour in range(HOURS):
        shape = 1 + 0.55 * math.sin((hour % 24 - 9) / 24 * 2 * math.pi) - 0.25 * ((hour // 24) % 7 > 4)
        wobble = 1 + 0.08 * math.sin(hour * 1.7) + 0.05 * math.sin(hour * 0.37)
        missing = gap and 150 <= hour < 163
        work = mean * shape * wobble
        most = capacity(work, now)
        demand.append(None if missing else round(min(work, most), 4))
        peak.append(None if missing else round(min(work * (1.25 + 0.2 * abs(math.sin(hour * 2.3))), most), 4))
        have.append(None if missing else most)
        want.append(None if missing or then is None else capacity(work, then))
        used.append(None if missing else round(memory * (0.86 + 0.14 * abs(math.sin(hour / 19))), 4))
    return History(
        start=START,
        step_seconds=3600,
        demand_vcpu=tuple(demand),
        demand_peak_vcpu=tuple(peak),
        current_vcpu=tuple(have),
        recommended_vcpu=tuple(want) if then else (),
        memory_peak_gib=tuple(used),
    )


def least(*setups: Setup) -> float:
    return min(setup.size.vcpu * setup.desired for setup in setups)


def capacity(work: float, setup: Setup) -> float:
    low, high = setup.bounds
    policy = next((p for p in setup.policies if isinstance(p, TargetTracking)), None)
    tasks = setup.desired if policy is None else math.ceil(work / setup.size.vcpu * 100 / policy.target)
    return min(max(tasks, low), high) * setup.size.vcpu


def change(name: str, now: Setup, then: Setup, cost: str, new: str, *, spread: str = "0.04", **more: object) -> Advice:
    usd, wide = Decimal(new), Decimal(spread)
    defaults: dict[str, object] = {
        "risk": Risk(cpu_throttled_share=0.0021, memory_breach_probability=0.0034, unmet_share=0.0),
        "backtest": Backtest(
            days_fitted=10,
            days_held_out=5,
            cost_usd=usd * Decimal("1.01"),
            cpu_throttled_share=0.0032,
            memory_breached=False,
            unmet_share=0.0,
        ),
        "replay_error": 0.021,
        "confidence": 0.82,
        "history": past(least(now, then) * 0.35, now, then, memory=then.size.gib * 0.8),
    }
    return Advice(
        id=ServiceId(account=ACCOUNTS[0], region="us-east-1", service=name),
        verdict="change",
        current=now,
        recommended=then,
        usd_month=UsdMonth(current=Decimal(cost), recommended=usd, low=usd * (1 - wide), high=usd * (1 + wide)),
        **{**defaults, **more},
    )


def other(name: str, verdict: str, now: Setup, cost: str | None, **more: object) -> Advice:
    money = UsdMonth() if cost is None else UsdMonth(current=Decimal(cost))
    place = {"account": ACCOUNTS[1], "region": "eu-west-1"}
    return Advice(id=ServiceId(service=name, **place), verdict=verdict, current=now, usd_month=money, **more)


def changes() -> tuple[Advice, ...]:
    api, api_then = (
        setup(1, 2, 4, 20, policies=tracking(70)),
        setup(0.5, 1, 4, 20, policies=tracking(60, scale_out_cooldown=60)),
    )
    spot = (
        CapacityShare(provider="FARGATE", base=2, weight=1),
        CapacityShare(provider="FARGATE_SPOT", base=0, weight=3),
    )
    lost = (
        Alternative(
            setup=setup(0.25, 1, 8),
            usd_month=Decimal("98.12"),
            why_not="CPU of the hottest task throttled 2.9 % of the time; the limit is 1 %",
        ),
        Alternative(setup=setup(0.5, 3, 8), usd_month=Decimal("167.25"), why_not="costs $25.96 a month more"),
    )
    api_lost = (
        Alternative(
            setup=setup(0.5, 1, 2, 20, policies=tracking(75)),
            usd_month=Decimal("151.20"),
            why_not="0.4 % of the work would not have been served; the limit is 0.1 %",
        ),
    )
    reasons = (
        "The hottest task used at most 0.43 vCPU of its 2 vCPU in 15 days.",
        "Memory of one task peaked at 1.6 GiB; 2 GiB keeps a margin of 25 %.",
    )
    api_reasons = (
        "Tasks of half the size follow the demand in finer steps; at a CPU target of 60 % all work is served.",
        "Memory of one task peaked at 0.8 GiB; 1 GiB keeps a margin of 25 %.",
        "A scale-out cooldown of 60 s, not 300 s, meets the morning rise in time.",
    )
    return (
        change(
            "shop/checkout-api",
            api,
            api_then,
            "412.36",
            "196.40",
            reasons=api_reasons,
            alternatives=api_lost,
            history=past(1.6, api, api_then, memory=0.8),
            tags={"team": "shop"},
        ),
        change(
            "shop/catalogue",
            setup(2, 4, 8),
            setup(0.5, 2, 8),
            "576.76",
            "141.29",
            reasons=reasons,
            alternatives=lost,
            confidence=0.9,
        ),
        change(
            "data/stream-consumer",
            setup(1, 8, 6, architecture="ARM64"),
            setup(1, 4, 6, architecture="ARM64"),
            "238.77",
            "189.30",
            confidence=0.55,
            spread="0.02",
            cautions=(Caution(code="price-derived", text="The ARM64 price is derived, not published."),),
        ),
        change(
            "web/frontend",
            setup(1, 2, 6, 24, capacity=spot, policies=tracking(40)),
            setup(1, 2, 3, 24, capacity=spot, policies=tracking(60)),
            "305.55",
            "204.05",
            spread="0.12",
            owner="CloudFormation stack web-prod",
            cautions=(Caution(code="spot", text="Spot tasks may be taken back with two minutes' notice."),),
        ),
        change(
            "jobs/render-saturated",
            setup(1, 2, 2),
            setup(2, 4, 2),
            "72.08",
            "144.16",
            risk=Risk(cpu_throttled_share=0.009),
            replay_error=None,
            history=past(1.5, setup(1, 2, 2), setup(2, 4, 2), memory=1.7),
            backtest=None,
            confidence=0.4,
            cautions=(
                Caution(
                    code="saturated",
                    text="12 % of the minutes were at 100 % CPU: the true need is hidden, so this is a lower bound.",
                ),
            ),
        ),
        change(
            HOSTILE[0],
            setup(0.5, 1, 2),
            setup(0.25, 0.5, 2),
            "36.04",
            "18.02",
            tags={"owner": "x" * 255},
            reasons=("<b>bold</b> & | pipes",),
            history=past(0.3, setup(0.5, 1, 2), setup(0.25, 0.5, 2), memory=0.3, gap=True),
        ),
        change(HOSTILE[1], setup(0.5, 2, 1), setup(0.25, 2, 1), "21.02", "13.51", history=None),
    )


def kept() -> tuple[Advice, ...]:
    step = StepScaling(metric="cpu", direction="out", threshold=75, steps=((0, 10, 1), (10, None, 3)))
    forecast = PredictiveScaling(metric="cpu", target=60)
    office = ScheduledAction(expression="cron(0 8 ? * MON-FRI *)", timezone="Asia/Tokyo", minimum=4)
    stepped = setup(0.5, 1, 2, 10, policies=(step, forecast), schedule=(office,))
    return (
        other(
            "core/ledger",
            "keep",
            setup(1, 2, 3),
            "108.12",
            confidence=0.88,
            replay_error=0.0,
            reasons=("The next smaller legal size would save $3.10 a month, below the least worth a change.",),
            history=past(1.9, setup(1, 2, 3), None, memory=1.7),
            risk=Risk(cpu_throttled_share=0.0004),
        ),
        other(
            "core/search",
            "keep",
            stepped,
            "88.40",
            confidence=0.61,
            reasons=("Step scaling is replayed but not changed.",),
        ),
        other("web/" + "very-long-service-name-" * 21, "keep", setup(0.25, 0.5, 1), "9.01", confidence=0.7),
        other("ops/windows-gateway", "keep", setup(1, 2, 1, os="WINDOWS"), "66.43", confidence=0.66),
    )


def unadvised() -> tuple[Advice, ...]:
    thin = Caution(code="thin-history", text="Only 0.8 days of history; advice needs 1 day at least.")
    unpriced = Caution(code="price-missing", text="No ARM64 price is known for me-central-1.")
    custom = OtherPolicy(why="customised metric QueueDepth")
    return (
        other("lab/new-thing", "no-advice", setup(1, 2, 1), "36.04", cautions=(thin,)),
        other("lab/unpriced", "no-advice", setup(1, 2, 1, architecture="ARM64"), None, cautions=(unpriced,)),
        other(
            "lab/queue-worker",
            "no-advice",
            setup(1, 2, 1, 8, policies=(custom,)),
            "72.08",
            cautions=(Caution(code="custom-policy", text="The scaling metric is not one advisor replays."),),
        ),
        other(HOSTILE[2], "no-advice", setup(1, 2, 1), "36.04", cautions=(thin,)),
        other(
            "lab/silent",
            "no-advice",
            setup(1, 2, 0),
            "0.00",
            cautions=(Caution(code="no-data", text="The store holds no usage of this service."),),
        ),
    )


def review(services: tuple[Advice, ...] | None = None) -> Review:
    advices = (*unadvised(), *kept(), *changes()) if services is None else services
    now = sum((a.usd_month.current or Decimal(0) for a in advices), Decimal(0))
    then = sum((a.usd_month.recommended or a.usd_month.current or Decimal(0) for a in advices), Decimal(0))
    end = START + timedelta(hours=HOURS)
    skipped = (
        Skipped(service="legacy/ec2-worker", account=ACCOUNTS[0], region="us-east-1",
                reason="runs on EC2, not on Fargate"),
        Skipped(service="family:nightly-<b>etl</b>", account=ACCOUNTS[0], region="us-east-1",
                reason="standalone scheduled task: ECS publishes no service metrics for it"),
    )  # fmt: skip
    families = (
        TaskFamily(
            service=HOSTILE[0], account=ACCOUNTS[0], region="us-east-1",
            size=TaskSize.of(vcpu=1, gib=2), runs=31, failed=3, out_of_memory=2, usd_month=Decimal("12.345"),
            basis="31 runs seen in 15.0 days", started_by=HOSTILE, why="what it needs is not known",
            measured=MeasuredUse(
                start=date(2026, 11, 8), end=date(2026, 11, 22), days=15,
                vcpu_share=0.214, gb_share=0.333, vcpu_highest=0.45, gb_highest=0.52,
            ),
            cautions=(Caution(code="maybe-over-sized", text=f"over-sized? {HOSTILE[1]}"),),
        ),
        TaskFamily(
            service="batch/never-seen", account=ACCOUNTS[0], region="us-east-1",
            basis="no run of it was seen", why="what it needs is not known",
        ),
    )  # fmt: skip
    return Review(
        store="store",
        window=Window(start=START, end=end, fitted_until=START + timedelta(days=10)),
        config={"limits": {"cpu_throttled_share": 0.01, "memory_breach_probability": 0.01, "unmet_share": 0.001}},
        totals=Totals(
            current_usd_month=now, recommended_usd_month=then, covered_services=len(advices), skipped=skipped
        ),
        services=advices,
        standalone=families,
        reconciliation=reconciliation(HOSTILE[0]),
        prices=PRICES,
    )
