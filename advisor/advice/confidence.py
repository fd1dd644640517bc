"""How much the history can vouch for."""


def confidence(informative_days: float) -> float:
    """How far the advice rests on what was seen.  [share, 0 to 1]

        days / (days + 3)

    where days are those of steps that are neither gaps nor saturated (`Profile.informative_days`).

    =========  =======  =========  ==================
    history    no gaps  20 % gaps  20 % of it saturated
    =========  =======  =========  ==================
    1 day      0.25     0.21       0.21
    7 days     0.70     0.65       0.65
    15 days    0.83     0.80       0.80
    30 days    0.91     0.89       0.89
    =========  =======  =========  ==================

    Three days is a choice, not a measurement. Gaps shorten the history instead of scaling the result down:
    so a history from which days are taken away can never count for more.

    >>> round(confidence(7), 2)
    0.7
    """
    days = max(0.0, informative_days)
    return days / (days + 3)
