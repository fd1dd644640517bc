"""Plan, apply and undo over the small world, without waiting."""

from pathlib import Path
from typing import Any

from applier_world import (
    NOW,
    World,
    advice_for,
    review_of,
    smaller,
)

from advisor.applier import apply_plan, make_plan, undo
from advisor.domain.inventory import Service
from advisor.domain.plan import Plan


def plan_for(*services: Service) -> Plan:
    review = review_of(*(advice_for(s, smaller(s)) for s in services))
    return make_plan(review, services, made_at=NOW, made_from="review.json")


def run(world: World, plan: Plan, journal: Path, **options: Any) -> Any:
    options.setdefault("sleep", lambda _: None)
    return apply_plan(plan, world.client, journal=journal, now=lambda: NOW, **options)


def take_back(world: World, journal: Path, **options: Any) -> Any:
    options.setdefault("sleep", lambda _: None)
    options.setdefault("now", lambda: NOW)
    return undo(journal, world.client, **options)
