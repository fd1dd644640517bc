"""Make Amazon ECS on AWS Fargate cost what it should, and prove it: `import advisor as ad`.

The names of `advisor.api` are here too, loaded at first use, so that the command line starts fast.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module("advisor.api"), name)
