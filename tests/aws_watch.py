"""What advisor's own clients call on a local AWS must be in the table of calls."""

from collections.abc import Iterator
from contextlib import contextmanager

from advisor.demo.aws.wire import Call, LocalAws
from advisor.fargate.rights import RIGHTS


@contextmanager
def watched(aws: LocalAws) -> Iterator[LocalAws]:
    """The local AWS, and at the end the check of all that advisor asked it for."""
    asked = set[str]()

    def note(call: Call) -> None:
        if "advisor" in call.agent or "aws-sdk-cpp" in call.agent:  # the latter is Arrow's, for what lies on S3
            asked.add(f"{call.service}:{call.action}")

    aws.before.append(note)
    yield aws
    assert asked <= {right.action for right in RIGHTS}
