"""A plan: what `apply` will do, what must still be true when it does, and how each step is taken back.

A plan names fields and numbers only. It holds no value of a task definition's environment or secrets:
`apply` reads the live task definition, changes the named fields, and registers it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from advisor.domain.service import ServiceId

StepKind = Literal[
    "register-task-definition",
    "update-service",
    "register-scalable-target",
    "deregister-scalable-target",
    "put-scaling-policy",
    "delete-scaling-policy",
    "put-metric-alarm",
    "delete-alarms",
    "put-scheduled-action",
    "delete-scheduled-action",
    "deregister-task-definition",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One write to AWS: what it does in words, and the fields it sets (AWS parameter names and values)."""

    kind: StepKind
    says: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The change of one service.

    `expects` is the live description that the plan was made from: `apply` refuses where it differs.
    `steps` are done in order; `undo` takes them back in its own order.
    """

    id: ServiceId
    summary: str
    usd_month_saved: str
    expects: Mapping[str, object]
    steps: tuple[Step, ...]
    undo: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPlanned:
    """A recommended change that is not applied by calls, why, and the patch for whoever owns the field."""

    id: ServiceId
    reason: str
    patch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A file to review, keep and apply."""

    format: int = 1
    made_at: datetime
    made_from: str
    changes: tuple[Change, ...] = ()
    not_planned: tuple[NotPlanned, ...] = ()
