"""Options that several commands share."""

from pathlib import Path

import click

file = click.Path(path_type=Path)
store = click.option(
    "--store", required=True, metavar="PLACE", help="The store: a local folder, or s3://bucket/prefix."
)
prices = click.option(
    "--prices", "prices_file", type=file, help="Prices that count beside the shipped ones: a file of `advisor prices`."
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
