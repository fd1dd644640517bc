"""One look for all charts: a restrained palette, system fonts, light grids."""

from typing import Any, Final

INK: Final = "#1c2733"
MUTED: Final = "#64707d"
GRID: Final = "#e6eaee"
DEMAND: Final = "#a9c3de"
PEAK: Final = "#5b7fa6"
NOW: Final = "#8a5a2b"
RECOMMENDED: Final = "#0b7a6b"
NOW_FILL: Final = "#ddd3c7"
IDEAS: Final = ("#7b4b94", "#b0413e", "#44546a")  # neither today's setup nor the recommended one
FONT: Final = "Helvetica, Arial, sans-serif"

AXIS: Final[dict[str, Any]] = {
    "domainColor": "#c5ccd3",
    "gridColor": GRID,
    "labelColor": MUTED,
    "labelFont": FONT,
    "labelFontSize": 11,
    "tickColor": "#c5ccd3",
    "tickSize": 4,
    "titleColor": MUTED,
    "titleFont": FONT,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
}

CONFIG: Final[dict[str, Any]] = {
    "aria": False,
    "axis": AXIS,
    "background": "#ffffff",
    "font": FONT,
    "legend": {
        "columnPadding": 24,
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 320,
        "orient": "top",
        "symbolStrokeWidth": 3,
        "title": None,
    },
    "view": {"stroke": None},
}
