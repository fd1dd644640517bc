"""review.json and the scoreboard, as docs/interfaces.md has them: a service's identity and setups are flat."""

from typing import Any

from advisor.codec.records import dumps, from_data, loads, to_data, want_mapping
from advisor.codec.setups import setup_from_dict, setup_to_dict
from advisor.domain.errors import InputRefused
from advisor.domain.finding import Advice, Review
from advisor.domain.scoreboard import Scoreboard
from advisor.domain.service import Setup

FORMAT = 1


def review_to_json(review: Review) -> str:
    """A review as the documented JSON text."""
    data = to_data(review)
    data["services"] = [_advice_to_dict(advice) for advice in review.services]
    for line, family in zip(data["standalone"], review.standalone, strict=True):
        line["cautions"] = [str(caution) for caution in family.cautions]
    return dumps(data)


def review_from_json(text: str | bytes, *, where: str) -> Review:
    """The documented JSON text as a review; raises InputRefused where it is not that."""
    data = want_mapping(loads(text, where=where), where=where)
    if data.get("format") != FORMAT:
        raise InputRefused("unknown format", where=where, value=data.get("format"), rule=f"format is {FORMAT}")
    services = data.get("services")
    if not isinstance(services, list):
        raise InputRefused("no services", where=where, rule="`services` is a list")
    data["services"] = [_advice_data(s, where=f"{where}: services[{i}]") for i, s in enumerate(services)]
    if isinstance(families := data.get("standalone"), list):
        data["standalone"] = [_family_data(f, where=f"{where}: standalone[{i}]") for i, f in enumerate(families)]
    return from_data(Review, data, where=where)


def scoreboard_to_json(board: Scoreboard) -> str:
    """A scoreboard as the documented JSON text."""
    data = to_data(board)
    data["services"] = [{**one.pop("id"), **one} for one in data["services"]]
    return dumps(data)


def _advice_to_dict(advice: Advice) -> dict[str, Any]:
    data = to_data(advice)
    data["current"] = setup_to_dict(advice.current)
    data["recommended"] = None if advice.recommended is None else setup_to_dict(advice.recommended)
    data["cautions"] = [str(caution) for caution in advice.cautions]
    for alternative, lost in zip(data["alternatives"], advice.alternatives, strict=True):
        alternative["setup"] = setup_to_dict(lost.setup)
    return {**data.pop("id"), **data}


def _advice_data(data: object, *, where: str) -> dict[str, Any]:
    flat = want_mapping(data, where=where)
    flat["id"] = {key: flat.pop(key, None) for key in ("service", "account", "region")}
    for key in ("current", "recommended"):
        if flat.get(key) is not None:
            flat[key] = _nested(setup_from_dict(flat[key], where=f"{where}.{key}"))
    for alternative in flat.get("alternatives", ()):
        alternative["setup"] = _nested(setup_from_dict(alternative.get("setup"), where=where))
    flat["cautions"] = _cautions(flat)
    return flat


def _family_data(data: object, *, where: str) -> dict[str, Any]:
    flat = want_mapping(data, where=where)
    return {**flat, "cautions": _cautions(flat)}


def _cautions(flat: dict[str, Any]) -> list[dict[str, str]]:
    given = flat.get("cautions", ())
    return [dict(zip(("code", "text"), str(caution).split(": ", 1), strict=False)) for caution in given]


def _nested(setup: Setup) -> Any:
    return to_data(setup)
