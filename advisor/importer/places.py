"""Where files to import lie: a local path, or a bucket."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import fs

from advisor.domain.errors import AwsFailed, InputRefused, one_line

MOST_ATTEMPTS = 8  # as the collector's clients


def place_of(url: str, *, where: str) -> tuple[fs.FileSystem, str]:
    """The file system and the path in it; raises InputRefused for no path, AwsFailed where S3 has no such bucket."""
    parts = urlsplit(url)
    if parts.scheme == "s3" and "://" in url:
        return _s3(parts.netloc), f"{parts.netloc}{parts.path}".rstrip("/")
    if "\0" in url or not url:
        raise InputRefused("no such path", where=where, value=url, rule="a path or s3:// URL")
    return fs.LocalFileSystem(), str(Path(url).expanduser().resolve())


def below(files: fs.FileSystem, root: str) -> list[str]:
    """Every file below a folder, sorted."""
    found = files.get_file_info(fs.FileSelector(root, recursive=True))
    return sorted(entry.path for entry in found if entry.type == fs.FileType.File)


def s3_refused(where: str, error: Exception) -> AwsFailed:
    """The error for a place that S3 does not give."""
    return AwsFailed(
        f"{where}: {one_line(str(error), 300)}. Next: check bucket, credentials and the rights s3:ListBucket and "
        "s3:GetObject, then run this again."
    )


def _s3(bucket: str) -> fs.FileSystem:
    """S3 with the credentials of the environment, at AWS in the bucket's region, or at an endpoint as boto3 has it."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    try:
        return fs.S3FileSystem(
            region="us-east-1" if endpoint else fs.resolve_s3_region(bucket),
            endpoint_override=endpoint,
            connect_timeout=10,
            request_timeout=20,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=MOST_ATTEMPTS),
        )
    except OSError as error:
        raise s3_refused(f"s3://{one_line(bucket)}", error) from error
