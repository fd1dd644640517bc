"""Archived task events: "ECS Task State Change", as EventBridge delivers them, in files of JSON.

One event per line, or several on a line without anything between them, as Firehose writes them unless told otherwise.
"""

import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyarrow import fs

from advisor.codec import task_run_from_aws
from advisor.domain.errors import InputRefused, one_line
from advisor.domain.runs import TaskRun, merge_runs
from advisor.importer.places import below, place_of

DETAIL_TYPE = "ECS Task State Change"
_NOT_EVENTS = (".", "_")  # names of files that other programs leave beside the data
_DECODER = json.JSONDecoder()


def read_task_events(url: str) -> tuple[TaskRun, ...]:
    """The runs that the events of a file tell of, or of all files below a folder or an `s3://` prefix; also gzipped.

    One run per task on Fargate, as its last event has it; events of other kinds are passed over. Raises InputRefused
    with file and line where something is no event, and where no file is there.
    """
    files, root = place_of(url, where="events")
    shown = one_line(url, 300)
    try:
        info = files.get_file_info(root)
        if info.type == fs.FileType.NotFound:
            raise InputRefused("not there", where=shown, rule="a file or a folder of task events")
        found = [root] if info.type == fs.FileType.File else below(files, root)
        paths = [path for path in found if not path.rpartition("/")[2].startswith(_NOT_EVENTS)]
        if not paths:
            raise InputRefused("no files", where=shown, rule="files with one JSON event per line")
        return merge_runs(run for path in paths for run in _runs(files, path))
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        rule = f"readable JSON in UTF-8, gzipped where the name ends in .gz ({one_line(error)})"
        raise InputRefused("cannot be read", where=shown, rule=rule) from None


def _runs(files: fs.FileSystem, path: str) -> Iterator[TaskRun]:
    shown = one_line(path, 300)
    with files.open_input_stream(path, compression="detect") as source:
        for number, line in enumerate(io.TextIOWrapper(source, encoding="utf-8"), start=1):
            where = f"{shown}, line {number}"
            for event in _events(line.strip(), where):
                if event.get("detail-type") == DETAIL_TYPE and (run := _run(event, where)):
                    yield run


def _events(text: str, where: str) -> Iterator[dict[str, Any]]:
    at = 0
    while at < len(text):
        try:
            event, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            event, end = None, at
        if not isinstance(event, dict):
            raise InputRefused("not an event", where=where, value=text[at : at + 40], rule="JSON objects, one per line")
        yield event
        at = end
        while at < len(text) and text[at].isspace():
            at += 1


def _run(event: dict[str, Any], where: str) -> TaskRun | None:
    try:
        account, region, detail = str(event["account"]), str(event["region"]), dict(event["detail"])
        seen = datetime.fromisoformat(event["time"])
        if seen.tzinfo is None:
            raise ValueError("no offset")
        return task_run_from_aws(detail, account=account, region=region, seen=seen)
    except InputRefused as error:
        raise InputRefused("unreadable event", where=where, rule=str(error)) from None
    except (KeyError, TypeError, ValueError) as error:
        rule = f"account, region, time and detail, as EventBridge writes them ({type(error).__name__})"
        raise InputRefused("unreadable event", where=where, value=event.get("id"), rule=rule) from None
