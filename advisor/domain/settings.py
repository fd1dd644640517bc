"""What the user decides: which levers may be pulled, and within which limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Lever = Literal["size", "scaling", "purchase", "architecture", "schedule"]
LEVERS: tuple[Lever, ...] = ("size", "scaling", "purchase", "architecture", "schedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The risk that a recommendation may carry; all shares are 0 to 1.

    The defaults are choices, not measurements: five services in a hundred may breach their memory in a month, which is
    about what two weeks of history can vouch for; one minute in a hundred may be throttled, five parts in a thousand
    of the work may go unmet.
    `minimum_tasks` None = 2 where the service runs 2 or more now, else 1.
    """

    memory_breach_probability: float = 0.05
    cpu_throttled_share: float = 0.01
    unmet_share: float = 0.005
    minimum_tasks: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Other rules for services that match `service` (a pattern as in a shell) and all `tags`.

    `action`: keep = no change is recommended; ignore = left out and listed; None = only `limits` differ.
    """

    service: str = "*"
    tags: Mapping[str, str] = field(default_factory=dict)
    action: Literal["keep", "ignore"] | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TailModel:
    """Exponents of the odds that a need outgrows what was seen of it; `advisor.advice.tail.chance` has the formula."""

    base: float
    headroom: float
    days_ahead: float
    days_seen: float
    apart: float
    fallen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedOn:
    """Whose history a model was fitted on: the store as it was named, and the end of its days; None = not known."""

    store: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The content of advisor.toml; the empty file is the default.

    `memory_tail` None = the model that is shipped; `memory_tail_from`: where another one comes from.
    """

    levers: tuple[Lever, ...] = LEVERS
    limits: Limits = field(default_factory=Limits)
    overrides: tuple[Override, ...] = ()
    memory_tail: TailModel | None = None
    memory_tail_from: FittedOn | None = None
