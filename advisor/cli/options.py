"""Options that several commands share."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import wraps
from pathlib import Path
from typing import Any

import click

from advisor.cli.files import anonymiser, refusals_hidden


class _Usd(click.ParamType[Decimal]):
    """An amount of money, exact."""

    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The amount; fails where it is none or below zero."""
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not (amount.is_finite() and amount >= 0):
            self.fail(f"{value!r} is no amount of money, as in 0.50", param, ctx)
        return amount


usd = _Usd()

file = click.Path(path_type=Path)
store = click.option(
    "--store", required=True, metavar="PLACE", help="The store: a local folder, or s3://bucket/prefix."
)
prices = click.option(
    "--prices", "prices_file", type=file, help="Prices that count beside the shipped ones: a file of `advisor prices`."
)
KEY_FILE = "~/.config/advisor/anonymise.key"
_key_file = click.option(
    "--anonymise",
    "key_file",
    type=file,
    is_flag=False,
    flag_value=KEY_FILE,
    metavar="[KEYFILE]",
    help="Hide account ids, by the key in this file (made where there is none); a store that was begun with a key "
    f"takes no other, nor none.  [default: {KEY_FILE}]",
)


def anonymise(command: Callable[..., int]) -> Callable[..., int]:
    """The option that hides account ids: the command gets it as `hide`, and its refusals tell none either."""

    @wraps(command)
    def hidden(*, key_file: Path | None = None, **given: Any) -> int:
        hide = anonymiser(key_file)
        with refusals_hidden(hide):
            return command(hide=hide, **given)

    return _key_file(hidden)


organisation_role = click.option(
    "--organisation-role", metavar="NAME", help="Assume this role in every account of the organisation."
)


def one_kind_of_role(roles: tuple[str, ...], organisation_role: str | None) -> None:
    """Refuse roles by ARN beside the role of an organisation."""
    if roles and organisation_role:
        raise click.UsageError("--role-arn and --organisation-role exclude each other.")


def credentials(command: click.decorators.FC) -> click.decorators.FC:
    """Options that say with which credentials AWS is called."""
    for option in (
        click.option("--external-id", help="External id for the roles."),
        click.option("--role-arn", "roles", multiple=True, help="A role to assume; repeat for several accounts."),
        click.option("--profile", help="A profile of the AWS configuration; default: boto3's own search."),
    ):
        command = option(command)
    return command
