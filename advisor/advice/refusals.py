"""What Application Auto Scaling could not do for a service in the days reviewed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from advisor.domain.activities import ScalingActivity
from advisor.domain.finding import Advice, Caution


def with_refusals(advice: Advice, activities: Iterable[ScalingActivity]) -> Advice:
    """The advice with a caution where scaling was refused at the maximum, and one where it failed."""
    return replace(advice, cautions=(*advice.cautions, *_cautions(tuple(activities))))


def _cautions(activities: tuple[ScalingActivity, ...]) -> Iterator[Caution]:
    if refused := sum(activity.refused_at_maximum for activity in activities):
        text = f"Scaling wanted more tasks than the maximum allows, {_times(refused)} in the days reviewed."
        yield Caution(code="scaling-at-maximum", text=text)
    if failed := sum(activity.failed for activity in activities):
        text = f"Scaling set a count that was not reached, {_times(failed)} in the days reviewed: see its activities."
        yield Caution(code="scaling-failed", text=text)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
