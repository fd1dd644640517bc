"""Write the pages of the manual that are made from the code: `python docs/generate.py`. A test holds them to it."""

from pathlib import Path

import click

from advisor.cli import cli
from advisor.domain.schema import DEMAND, USAGE, Column
from advisor.fargate.rights import RIGHTS

HERE = Path(__file__).parent


def command_page() -> str:
    """The command-line reference, from `--help` itself."""
    parts = ["# Command-line reference", "", "Made by `python docs/generate.py`; do not edit by hand.", ""]
    parts += _section(cli, "advisor")
    for name, command in sorted(cli.commands.items()):
        parts += _section(command, f"advisor {name}")
    return "\n".join(parts)


def frames_page() -> str:
    """The columns of every frame, from the schema table."""
    parts = ["# Frames", "", "Made by `python docs/generate.py`; do not edit by hand.", ""]
    parts += ["The index is UTC, sorted, unique, at a fixed step; NaN is a missing step and nothing else.", ""]
    for title, columns in (("Usage", USAGE), ("Demand", DEMAND)):
        parts += [f"## {title}", "", "| column | dtype | unit | required | meaning |", "|---|---|---|---|---|"]
        parts += [_row(column) for column in columns] + [""]
    return "\n".join(parts)


def rights_page() -> str:
    """Every call to AWS with its reason, from the table that policies and clients are made of."""
    parts = [
        "# Calls to AWS, and the rights they need",
        "",
        "Made by `python docs/generate.py`; do not edit by hand.",
        "",
    ]
    parts += ["`advisor iam-policy` prints them as policies.", ""]
    for policy, title in POLICIES.items():
        parts += [f"## {title}", "", "| action | why | resource |", "|---|---|---|"]
        parts += [f"| `{r.action}` | {r.why} | `{r.resource}` |" for r in RIGHTS if r.policy == policy] + [""]
    return "\n".join(parts)


POLICIES = {
    "read": "Collecting (`advisor iam-policy read`)",
    "organisation": "Every account of an organisation, in the account that starts (`--organisation-role`)",
    "role": "A role that is given (`--role-arn`), in the account that starts",
    "store": "A store on S3, with the credentials of the environment (`--store`)",
    "exports": "A bill or archived events on S3, with the credentials of the environment (`--read`)",
    "apply": "Applying and undoing (`advisor iam-policy apply`)",
}
PAGES = {"cli.md": command_page, "frames.md": frames_page, "rights.md": rights_page}


def _section(command: click.Command, name: str) -> list[str]:
    given = {"max_content_width": 100, "terminal_width": 100, **cli.context_settings}
    with click.Context(command, info_name=name, **given) as context:
        return [f"## `{name}`", "", "```text", command.get_help(context), "```", ""]


def _row(column: Column) -> str:
    required = "yes" if column.required else "no"
    return f"| `{column.name}` | {column.dtype} | {column.unit} | {required} | {column.meaning} |"


if __name__ == "__main__":
    for page, make in PAGES.items():
        (HERE / page).write_text(make(), encoding="utf-8")
