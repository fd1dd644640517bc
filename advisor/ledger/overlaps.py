"""When deployments may have put tasks beside the wanted ones: from the start of each to what is known of its end."""

from collections.abc import Iterable
from datetime import datetime

from advisor.domain.deployments import Deployment
from advisor.domain.inventory import Service
from advisor.ledger.spans import Span

# Chosen: how long after its start a deployment of which no end is known may keep tasks beside the wanted ones.
UNKNOWN_SECONDS = 3600
# Old tasks may drain when a deployment is over: deregistration by default 300 s, a stop at most 120 s (documented).
DRAINING_SECONDS = 420
# Chosen: in a longer time scaling by day would be taken for an overlap; what such a deployment put beside is unknown.
MOST_SECONDS = 6 * 3600


def overlaps_of(service: Service, deployments: Iterable[Deployment], *, within: Span) -> tuple[Span, ...]:
    """Spans in order, for all deployments of a service that began `within`; those that meet become one.

    Beside the deployments that are known, each change of revision was one: of an import nothing else is known.
    """
    known = [deployment for deployment in deployments if deployment.id == service.id]
    begun = {deployment.begun for deployment in known}
    changes = (change.at for change in service.sizes if change.at not in begun)
    spans = [*map(_span, known), *((_seconds(at), _seconds(at) + UNKNOWN_SECONDS) for at in changes)]
    return _joined(sorted(span for span in spans if within[0] <= span[0] < within[1]))


def _span(deployment: Deployment) -> Span:
    start, end = _seconds(deployment.begun), deployment.finished
    lasted = UNKNOWN_SECONDS if end is None else max(0, _seconds(end) - start) + DRAINING_SECONDS
    return start, start + min(lasted, MOST_SECONDS)


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    """Spans that overlap as one, up to `MOST_SECONDS`: what ran before the first is what is wanted in all."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and start < joined[-1][1] and end - joined[-1][0] <= MOST_SECONDS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
