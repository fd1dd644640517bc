"""What the user decides: overrides, limits, the lowest task count."""

from advisor.domain.service import Setup
from advisor.domain.settings import Config, Limits, Override
from tests.service_worlds import (
    World,
    advice_of,
    daily,
    fixed,
    level,
    lived,
    service_of,
    tracking,
)

ROOMY = fixed(2, vcpu=1, gib=4)


def judged(world: World, setup: Setup = ROOMY, config: Config | None = None, **more: object):
    return advice_of(lived(world, setup), service_of(setup, **{"step_seconds": world.step, **more}), config)


def test_keep_recommends_todays_setup_and_says_why() -> None:
    rules = Config(overrides=(Override(service="prod/*", action="keep"),))
    advice = judged(World(vcpu=level(0.1)), config=rules)
    assert advice.verdict == "keep"
    assert advice.recommended == advice.current
    assert "The configuration says: keep." in advice.reasons
    assert advice.usd_month.recommended == advice.usd_month.current


def test_an_override_holds_for_services_that_match_pattern_and_tags_and_the_last_one_wins() -> None:
    rules = Config(
        overrides=(
            Override(service="prod/*", tags={"team": "shop"}, action="keep"),
            Override(service="prod/web", tags={"team": "shop"}, limits=Limits(cpu_throttled_share=0.5)),
        )
    )
    world = World(vcpu=level(0.1))
    assert judged(world, config=rules, tags={"team": "shop"}, name="prod/api").verdict == "keep"
    assert judged(world, config=rules, tags={"team": "shop"}).verdict == "change"
    assert judged(world, config=rules, tags={"team": "bank"}, name="prod/api").verdict == "change"


def test_other_limits_lead_to_another_size() -> None:
    spiky = level(0.2)
    spiky[::20] = 1.6  # 5 % of the time
    bold = Config(overrides=(Override(service="*", limits=Limits(cpu_throttled_share=0.2, unmet_share=0.3)),))
    assert judged(World(vcpu=spiky)).recommended.size.vcpu == 1
    assert judged(World(vcpu=spiky), config=bold).recommended.size.vcpu == 0.25


def test_a_lowest_task_count_of_the_user_is_kept() -> None:
    setup = tracking(4, 20, vcpu=1, gib=4)
    three = Config(limits=Limits(minimum_tasks=3))
    world = World(vcpu=daily(0.1, 1), base_mib=300)
    assert judged(world, setup).recommended.minimum == 2
    assert judged(world, setup, three).recommended.minimum == 3
