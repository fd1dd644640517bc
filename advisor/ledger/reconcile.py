"""Billed against modelled. The model: what a service's metrics say it ran, at on-demand prices of the price list.

With q the billed quantity, R the on-demand rate of the price list, `wanted` the capacity that the service's own count
called for, and periods as the bill has them:

=============  ======================================================================================
class          how much  [USD]
=============  ======================================================================================
standalone     all charges of tasks that no service owns
not covered    all charges of services that the store does not hold, and of EKS pods
deployment     (q - wanted) x R, in periods that a deployment of the service touches (`advisor.ledger.overlaps`)
Spot           cost - q x R of Spot rows
Savings Plan   effective cost - cost at on-demand rates, of covered rows
price          cost at on-demand rates - q x R of all other rows; credits and discounts
unknown        the rest, which is (q - wanted) x R in all other periods; tasks that cannot be told apart
=============  ======================================================================================
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pyarrow.compute as pc

from advisor.domain.charges import Charges
from advisor.domain.deployments import Deployment
from advisor.domain.errors import AdvisorError
from advisor.domain.inventory import Service
from advisor.domain.reconciliation import (
    BillNote,
    ReconciledLine,
    ReconciledOwner,
    ReconciledTotals,
    Reconciliation,
    Residual,
)
from advisor.domain.service import ServiceId, by_service
from advisor.domain.units import Usd
from advisor.fargate.prices import PriceBook
from advisor.ledger.lines import rounded, service_lines, whole_lines
from advisor.ledger.owners import Billed, owners_of
from advisor.ledger.recorded import Recorded, recorded_of
from advisor.ledger.spans import Span, compared_span, split

Usage = Callable[[Service], pd.DataFrame]

_ZERO = Decimal("0.00")
_CLASS = {"standalone": "standalone", "not-covered": "not_covered", "untagged": "unknown"}
_UNTAGGED = (
    "No row of this account and region names an ECS service, and no collection saw these tasks, so they cannot be told "
    "apart. Next: activate the cost-allocation tags aws:ecs:clusterName and aws:ecs:serviceName, collect more often, "
    "or import task events."
)
_NO_USAGE = "The store holds no task counts of it for whole periods of the bill."


def reconcile(
    charges: Charges,
    services: Iterable[Service],
    usage: Usage,
    *,
    prices: PriceBook,
    deployments: Iterable[Deployment] = (),
    store: str = "",
) -> Reconciliation:
    """A bill against the services of a store; `usage` gives a service's frame (schema USAGE).

    `deployments`: of any service; without them, only changes of revision are known to be ones.
    """
    listed, deployed = tuple(services), by_service(deployments)
    found = [_owner(billed, charges, usage, deployed, prices) for billed in owners_of(charges, listed)]
    owners = sorted(found, key=lambda o: (-o.billed_usd - o.outside_usd, o.account, o.region, o.service))
    return Reconciliation(
        store=store,
        bill=_note(charges),
        totals=_totals(owners),
        owners=tuple(owners),
        notes=tuple(_notes(owners, listed)),
    )


def _notes(owners: Sequence[ReconciledOwner], services: Sequence[Service]) -> Iterator[str]:
    if elsewhere := len(services) - sum(owner.kind == "service" for owner in owners):
        yield f"Left out: services of the store in accounts or regions that the bill does not have ({elsewhere})."
    untagged = {(owner.account, owner.region) for owner in owners if owner.kind == "untagged"}
    met = [s for s in services if s.service_arn and (s.id.account, s.id.region) in untagged]
    if unnamed := sum(not service.named_on_bill for service in met):
        yield (
            f"{unnamed} of {len(met)} services whose tasks no row names do not put the tags of ECS on them: beside the"
            " activation of the tags they need enableECSManagedTags, and a propagateTags other than NONE."
        )


def _owner(
    billed: Billed, charges: Charges, usage: Usage, deployed: Mapping[ServiceId, list[Deployment]], prices: PriceBook
) -> ReconciledOwner:
    whole = (int(charges.start.timestamp()), int(charges.end.timestamp()))
    if billed.service is not None:
        recorded, why = _recorded(usage(billed.service), billed.service, deployed.get(billed.id, ()))
        span = None if recorded is None else compared_span(recorded.span, whole, period=charges.period)
        if recorded is None or span is None:
            outside = pc.sum(billed.lines["cost"]).as_py() or _ZERO
            return _made(billed, (), span=None, outside=outside, notes=(why,))
        return _service(billed, billed.service, recorded, span=span, period=charges.period, prices=prices)
    lines = whole_lines(billed.lines, _CLASS[billed.kind])
    return _made(billed, lines, span=whole, notes=(_UNTAGGED,) if billed.kind == "untagged" else ())


def _recorded(usage: pd.DataFrame, service: Service, deployments: Iterable[Deployment]) -> tuple[Recorded | None, str]:
    """What a service ran, and why that is not known, or not where the bill is."""
    try:
        return recorded_of(usage, service, deployments), _NO_USAGE
    except AdvisorError as error:  # one service's bad data: the others can still be compared
        return None, str(error)


def _service(
    billed: Billed, service: Service, recorded: Recorded, *, span: Span, period: int, prices: PriceBook
) -> ReconciledOwner:
    within, outside = split(billed.lines, span)
    lines, notes = service_lines(within, recorded, service, span=span, period=period, prices=prices)
    if recorded.gap_share:
        notes = (*notes, f"{recorded.gap_share:.1%} of its steps were not measured: taken as the step before.")
    return _made(billed, lines, span=span, outside=outside, notes=notes)


def _made(
    billed: Billed,
    lines: Sequence[ReconciledLine],
    *,
    span: Span | None,
    outside: Usd = _ZERO,
    notes: tuple[str, ...] = (),
) -> ReconciledOwner:
    first, last = (datetime.fromtimestamp(at, UTC) for at in span) if span else (None, None)
    return ReconciledOwner(
        account=billed.id.account,
        region=billed.id.region,
        service=billed.id.service,
        kind=billed.kind,
        start=first,
        end=last,
        modelled_usd=sum((line.modelled_usd for line in lines), _ZERO),
        billed_usd=sum((line.billed_usd for line in lines), _ZERO),
        outside_usd=rounded(outside),
        residual=Residual.sum(line.residual for line in lines),
        lines=tuple(lines),
        notes=notes,
    )


def _totals(owners: Sequence[ReconciledOwner]) -> ReconciledTotals:
    billed = sum((owner.billed_usd for owner in owners), _ZERO)
    unknown = sum((abs(line.residual.unknown) for owner in owners for line in owner.lines), _ZERO)
    return ReconciledTotals(
        modelled_usd=sum((owner.modelled_usd for owner in owners), _ZERO),
        billed_usd=billed,
        outside_usd=sum((owner.outside_usd for owner in owners), _ZERO),
        residual=Residual.sum(owner.residual for owner in owners),
        explained_share=float(1 - unknown / billed) if billed > 0 else None,
    )


def _note(charges: Charges) -> BillNote:
    return BillNote(
        source=charges.source,
        formats=charges.formats,
        files=charges.files,
        rows_read=charges.rows_read,
        rows_kept=charges.rows_kept,
        start=charges.start,
        end=charges.end,
    )
