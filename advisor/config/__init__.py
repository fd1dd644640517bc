"""advisor.toml: levers, limits, overrides."""

from advisor.config.load import load_config

__all__ = ["load_config"]
