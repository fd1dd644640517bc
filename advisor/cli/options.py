"""Options that several commands share."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click


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
anonymise = click.option(
    "--anonymise",
    "key_file",
    type=file,
    is_flag=False,
    flag_value=KEY_FILE,
    metavar="[KEYFILE]",
    help=f"Hide account ids, by the key in this file (made where there is none).  [default: {KEY_FILE}]",
)


def credentials(command: click.decorators.FC) -> click.decorators.FC:
    """Options that say with which credentials AWS is called."""
    for option in (
        click.option("--external-id", help="External id for the roles."),
        click.option("--role-arn", "roles", multiple=True, help="A role to assume; repeat for several accounts."),
        click.option("--profile", help="A profile of the AWS configuration; default: boto3's own search."),
    ):
        command = option(command)
    return command
