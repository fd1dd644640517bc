"""advisor.toml: what it says is kept; what it does not know is refused with the nearest known key."""

from dataclasses import replace
from pathlib import Path

import pytest

from advisor.codec import config_from_dict, config_to_dict
from advisor.config import load_config
from advisor.domain.errors import ConfigRefused
from advisor.domain.settings import LEVERS, Config, Limits, Override

WHOLE = """
levers = ["size", "scaling"]

[limits]
memory_breach_probability = 0.005
cpu_throttled_share = 0
unmet_share = 0.0001
minimum_tasks = 3

[[override]]
service = "prod/*"
tags = { team = "shop" }
action = "keep"

[[override]]
service = "lab/*"
limits = { cpu_throttled_share = 0.2 }
"""


def load(folder: Path, text: str | bytes) -> Config:
    path = folder / "advisor.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(path)


def test_no_file_and_an_empty_file_are_the_default(tmp_path: Path) -> None:
    assert load_config(None) == load(tmp_path, "") == load(tmp_path, "# nothing\n") == Config()
    assert Config().levers == LEVERS


def test_every_key_is_kept_and_an_override_changes_only_the_limits_that_it_names(tmp_path: Path) -> None:
    limits = Limits(memory_breach_probability=0.005, cpu_throttled_share=0.0, unmet_share=0.0001, minimum_tasks=3)
    assert load(tmp_path, WHOLE) == Config(
        levers=("size", "scaling"),
        limits=limits,
        overrides=(
            Override(service="prod/*", tags={"team": "shop"}, action="keep"),
            Override(service="lab/*", limits=replace(limits, cpu_throttled_share=0.2)),
        ),
    )


def test_a_byte_order_mark_of_windows_is_no_error(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbf" + b'levers = ["size"]\r\n') == Config(levers=("size",))


def test_a_configuration_survives_its_own_dictionary(tmp_path: Path) -> None:
    config = load(tmp_path, WHOLE)
    assert config_from_dict(config_to_dict(config), where="again") == config


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lever = ['size']", "advisor.toml: unknown key: 'lever'.*did you mean levers?"),
        ("[limit]\nx = 1", "unknown key: 'limit'.*did you mean limits?"),
        ("[limits]\ncpu_throtled_share = 0.1", r"\[limits\]: unknown key.*did you mean cpu_throttled_share?"),
        ("[[override]]\nservices = 'a'", r"\[\[override\]\] 1: unknown key: 'services'.*did you mean service?"),
        ("[[override]]\n[[override]]\nlimits = {unmet = 1}", r"\[\[override\]\] 2: limits: unknown key.*unmet_share"),
        ("levers = ['sizes']", "unknown lever: 'sizes'.*did you mean size?"),
        ("levers = 'scale'", "unknown lever: 'scale'"),
        ("levers = 'size'", "levers"),
        ("levers = 3", "unknown lever: 3"),
        ("limits = 3", r"\[limits\]: is no table: 3"),
        ("override = 3", "override: is one table"),
        ("override = [3]", "is no table: 3"),
        ("[override]\nservice = 'a'", r"a list of tables: \[\[override\]\]"),
        ("[limits]\nunmet_share = 1.1", "unmet_share: bad limit: 1.1.*a share from 0 to 1"),
        ("[limits]\nunmet_share = -0.1", "bad limit: -0.1"),
        ("[limits]\nunmet_share = nan", "bad limit: nan"),
        ("[limits]\nunmet_share = inf", "bad limit: inf"),
        ("[limits]\nunmet_share = true", "bad limit: True"),
        ("[limits]\nunmet_share = '1 %'", "bad limit: '1 %'"),
        ("[limits]\nminimum_tasks = 1.5", "minimum_tasks: bad limit: 1.5.*whole tasks, 0 or more"),
        ("[limits]\nminimum_tasks = -1", "bad limit: -1"),
        ("[limits]\nminimum_tasks = true", "bad limit: True"),
        ("[[override]]\naction = 'stop'", "advisor.toml"),
        ("[[override]]\nservice = 3", "advisor.toml"),
        ("[[override]]\ntags = {team = 3}", "advisor.toml"),
        ("levers = [", "is not TOML"),
        (b"levers = ['\xff']", "is not text.*TOML file in UTF-8"),
    ],
)
def test_what_is_wrong_is_refused_on_one_line(tmp_path: Path, text: str | bytes, expected: str) -> None:
    with pytest.raises(ConfigRefused, match=expected) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(str(tmp_path / "advisor.toml"))
    assert "Rule: " in message


def test_a_file_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"cannot be read.*No such file"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigRefused, match=r"cannot be read.*directory"):
        load_config(tmp_path)


def test_hostile_keys_stay_on_one_printable_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused) as caught:
        load(tmp_path, '"\\u001b[31m\\n=cmd()" = 1')
    assert str(caught.value).isprintable()
