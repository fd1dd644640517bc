"""Where files to import lie: a local path, or a bucket."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow import fs

from advisor.domain.errors import InputRefused


def place_of(url: str, *, where: str) -> tuple[fs.FileSystem, str]:
    """The file system and the path in it; S3's endpoint is that of the environment, as boto3 has it."""
    parts = urlsplit(url)
    if parts.scheme == "s3" and "://" in url:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        return fs.S3FileSystem(endpoint_override=endpoint), f"{parts.netloc}{parts.path}".rstrip("/")
    if "\0" in url or not url:
        raise InputRefused("no such path", where=where, value=url, rule="a path or s3:// URL")
    return fs.LocalFileSystem(), str(Path(url).expanduser().resolve())


def below(files: fs.FileSystem, root: str) -> list[str]:
    """Every file below a folder, sorted."""
    found = files.get_file_info(fs.FileSelector(root, recursive=True))
    return sorted(entry.path for entry in found if entry.type == fs.FileType.File)
