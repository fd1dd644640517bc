"""A memory tail of one's own: read through the configuration, refused where it is broken, and used by the advice."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from advisor.advice.tail import shipped
from advisor.codec import config_from_dict, config_to_dict, to_json
from advisor.config import load_config
from advisor.domain.errors import ConfigRefused
from advisor.domain.scoreboard import TailFit
from advisor.domain.settings import Config, FittedOn
from tests.service_worlds import START, World, advice_of, fixed, level, service_of, usage_of

FIT = TailFit(
    model=shipped(), made_by="a test", store="here", groups="cluster", series={"prod": (40, 30)}, reliability=()
)


def load(folder: Path, text: str, model: str = 'memory_tail = "tails.json"') -> Config:
    (folder / "tails.json").write_text(text)
    (folder / "advisor.toml").write_text(f"[model]\n{model}\n")
    return load_config(folder / "advisor.toml")


def test_the_file_is_found_from_where_the_configuration_is_and_survives_its_dictionary(tmp_path: Path) -> None:
    config = load(tmp_path, to_json(replace(FIT, until=START)))
    assert config == Config(memory_tail=shipped(), memory_tail_from=FittedOn(store="here", until=START))
    assert config_from_dict(config_to_dict(config), where="again") == config


def test_a_file_that_does_not_say_until_when_it_was_fitted_is_read(tmp_path: Path) -> None:
    older = {key: told for key, told in json.loads(to_json(FIT)).items() if key not in ("until", "log_loss")}
    assert load(tmp_path, json.dumps(older)).memory_tail_from == FittedOn(store="here")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "tails.json: .*JSON"),
        ("{}", "tails.json: .*model"),
        (to_json(replace(FIT, format=2)), "tails.json: unknown format: 2.*format is 1"),
        (to_json(FIT).replace('"headroom": -', '"headroom": '), "headroom: 2.037.*more memory lowers the chance"),
        (to_json(FIT).replace('"days_ahead": ', '"days_ahead": -'), "days_ahead: -1.0581.*a longer look"),
        (to_json(FIT).replace('"base"', '"bass"'), "model.base"),
        (json.dumps(json.loads(to_json(FIT)) | {"model": None}), "model"),
    ],
)
def test_a_broken_file_is_refused_on_one_line_that_names_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigRefused, match=said) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "tails.json"))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("memory_tails = 'a'", "did you mean memory_tail?"),
        ("memory_tail = 3", "the path of a file"),
        ("memory_tail = ''", "the path of a file"),
        ("memory_tail = 'none.json'", r"none.json: cannot be read"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, model: str, said: str) -> None:
    with pytest.raises(ConfigRefused, match=said):
        load(tmp_path, to_json(FIT), model)


def test_the_advice_reckons_with_the_model_that_it_is_given() -> None:
    setup, steps = fixed(2, vcpu=1, gib=8), level(0.5, days=20)
    memory = 1200 + 100 * np.random.default_rng(1).standard_normal(len(steps)).clip(-2, 2)
    world = World(vcpu=steps, base_mib=0, noise=memory)
    usage, service = usage_of(world, np.full(len(steps), 2.0), setup.size), service_of(setup)
    bold, timid = (Config(memory_tail=replace(shipped(), base=base)) for base in (-8.0, 4.0))
    less, more = (advice_of(usage, service, config) for config in (bold, timid))
    assert less.recommended is not None
    assert more.recommended is not None
    assert less.recommended.size.memory < more.recommended.size.memory
