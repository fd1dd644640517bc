"""`advisor demo`: a local AWS with the demo fleet, and then the ordinary commands against it.

Nothing in those commands knows that it is a demo: they are separate processes, and all they are given is an
endpoint URL and dummy credentials in the environment, as a real account would be.
"""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from advisor.codec import review_from_json
from advisor.domain.errors import InputRefused
from advisor.domain.finding import Review

Execute = Callable[[Sequence[str], Mapping[str, str]], int]
Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
DONE = (0, 1)  # 1 = done, with services skipped, which the command listed
MARK = ".advisor-demo"  # in a folder that may be written over, because the demo made it


def _no_bar(_: str) -> AbstractContextManager[Callable[[int, int], None]]:
    return nullcontext(lambda *_: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSummary:
    """How the demo ended.

    `exit_code` is 0, or that of `failed`, the command that failed; `review` is None where none was written.
    `next_command` is what to type next, and needs no AWS.
    """

    exit_code: int
    failed: str | None
    seconds: float
    folder: Path
    report: Path
    review: Review | None
    next_command: str


def run_demo(
    folder: str | Path, *, say: Callable[[str], None], bar: Bar = _no_bar, execute: Execute | None = None
) -> DemoSummary:
    """Walk the fleet through collect, review, report, plan, apply and undo; stops at the first that fails.

    Everything lands in `folder`; raises InputRefused where that holds a store that no demo made. `bar` opens a
    progress bar with a title.
    """
    if find_spec("moto") is None:
        raise InputRefused(
            "moto is not installed",
            where="advisor demo",
            rule="the local AWS needs the extra `demo`",
            next_step='pip install ".[demo]" in the repository',
        )
    folder, began = Path(folder), time.monotonic()
    _clear(folder)
    code, failed = _walk(folder, say=say, bar=bar, execute=execute or _execute)
    path = folder / "review.json"
    review = review_from_json(path.read_text(encoding="utf-8"), where=str(path)) if path.exists() else None
    page = folder / "review.html"
    return DemoSummary(
        exit_code=code,
        failed=failed,
        seconds=time.monotonic() - began,
        folder=folder,
        report=page,
        review=review,
        next_command=shlex.join(["python3", "-m", "webbrowser", str(page)]),
    )


def demo_commands(folder: Path) -> tuple[tuple[str, ...], ...]:
    """The commands of the demo, as a user would type them after `advisor`."""
    from advisor.demo.fleet import ACCOUNTS, REGIONS

    store, review, plan, journal = (str(folder / name) for name in ("store", "review.json", "plan.json", "journal"))
    roles = [f"--role-arn=arn:aws:iam::{account}:role/advisor-read" for account in ACCOUNTS]
    writers = [f"--role-arn=arn:aws:iam::{account}:role/advisor-apply" for account in ACCOUNTS]
    regions = [f"--region={region}" for region in REGIONS]
    return (
        ("collect", "--store", store, *roles, *regions),
        ("review", "--store", store, "--json", review),
        ("report", "--review", review, "--out", str(folder)),
        ("plan", "--review", review, "--store", store, "--out", plan),
        ("apply", plan, "--journal", journal, *writers, "--yes"),
        ("undo", journal, *writers, "--yes"),
    )


def demo_environment(endpoint: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of the commands: this one, without any AWS setting but the local AWS's."""
    kept = {name: value for name, value in environment.items() if not name.upper().startswith("AWS_")}
    proxies = {name: f"{kept.get(name, '')},127.0.0.1".lstrip(",") for name in ("NO_PROXY", "no_proxy")}
    return (
        kept
        | proxies
        | {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "AKIALOCALDEMO0000000",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )


def _walk(folder: Path, *, say: Callable[[str], None], bar: Bar, execute: Execute) -> tuple[int, str | None]:
    """Run every command; (0, None), or the exit code and the command that failed."""
    from advisor.demo.aws.wire import LocalAws, serve
    from advisor.demo.fleet import ACCOUNTS, REGIONS, SERVICES, build_fleet

    say("A local AWS, with fifteen days of a fleet whose demand is replayed from public traces")
    with bar("Replaying") as progress:
        aws = LocalAws()
        build_fleet(aws, now=datetime.now(UTC), progress=progress)
    with serve(aws) as endpoint:
        say(f"{len(SERVICES)} services in {len(ACCOUNTS)} accounts and {len(REGIONS)} regions at {endpoint}")
        environment = demo_environment(endpoint, os.environ)
        for arguments in demo_commands(folder):
            shown = shlex.join([_program(sys.argv[0]), *arguments])
            say(f"\n$ {shown}")
            code = execute([sys.executable, "-m", "advisor", *arguments], environment)
            if code not in DONE:
                return code, shown
    return 0, None


def _program(typed: str) -> str:
    """How the user called us, if that can be typed again: `.venv/bin/advisor`, or plainly `advisor`.

    >>> _program(".venv/bin/advisor"), _program("/usr/bin/advisor"), _program("-m")
    ('.venv/bin/advisor', 'advisor', 'advisor')
    """
    path = Path(typed)
    return typed if path.name == "advisor" and len(path.parts) > 1 and not path.is_absolute() else "advisor"


def _execute(command: Sequence[str], environment: Mapping[str, str]) -> int:
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  (our own command)


def _clear(folder: Path) -> None:
    """An empty place for this run: what an earlier demo left goes, anything else is refused."""
    mark, made = folder / MARK, ("store", "review.json", "plan.json", "journal")
    if not mark.exists() and any((folder / name).exists() for name in made):
        raise InputRefused(
            "holds a store, review, plan or journal that no demo made",
            where=str(folder),
            rule="the demo writes over nothing but its own",
            next_step="name another folder with --folder",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch()
        shutil.rmtree(folder / "store", ignore_errors=True)
        for name in made[1:]:
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputRefused(
            "cannot be written", where=str(folder), rule=f"a writable folder ({error.strerror})"
        ) from None
