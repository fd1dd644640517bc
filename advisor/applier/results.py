"""What apply and undo hand back, for the command line to show."""

from dataclasses import dataclass

from advisor.domain.service import ServiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One service that was changed, or changed back.

    `rolling` = the deployment was not steady within the time given; ECS goes on with it by itself.
    `left` = what was therefore not done, one sentence each.
    """

    id: ServiceId
    summary: str
    rolling: bool = False
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one run of apply did; `journal` is the file that undo needs ("" where there was nothing to do)."""

    journal: str
    changes: tuple[Done, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What one run of undo took back; `already` were as before, so nothing was called for them."""

    journal: str
    changes: tuple[Done, ...] = ()
    already: tuple[ServiceId, ...] = ()
