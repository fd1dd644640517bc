"""The place that is a prefix of an S3 bucket, and which place a URL names."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from advisor.domain.errors import AdvisorError, AwsFailed, InputRefused, one_line
from advisor.store.place import Fill, Folder, Name, Place, filled

MOST_ATTEMPTS = 8  # as the collector's clients
_GONE = ("NO_SUCH_KEY", "RESOURCE_NOT_FOUND")  # of an object that is removed while it is read


class Bucket(Place):
    """A prefix of an S3 bucket. What a killed upload leaves is no object; a lifecycle rule removes its parts."""

    def __init__(self, root: str) -> None:
        super().__init__(_s3(root.partition("/")[0]), root)

    @property
    def shown(self) -> str:
        """The URL of the prefix."""
        return one_line(f"s3://{self.root}", 300)

    def is_file(self) -> bool:
        """A prefix is none; to look for an object of its name takes a right that nothing else needs."""
        return False

    def write(self, fill: Fill, name: Name) -> str | None:
        """Fill a temporary file of this machine and upload it."""
        with tempfile.TemporaryDirectory(prefix="advisor-") as folder:
            temporary = Path(folder) / "file"
            path = name(filled(str(temporary), fill))
            if path is not None:
                with pa.memory_map(str(temporary)) as source:
                    self._put(path, source.read_buffer())
        return path

    def _put(self, path: str, content: pa.Buffer) -> None:
        """Upload in one call, so that no interruption closes an upload half done.

        `pyarrow.fs.copy_files` is not used: it does not hear of an upload that fails when the stream is closed.
        """
        sink = None
        try:
            sink = self.files.open_output_stream(self.full(path), compression=None, buffer_size=0)
            sink.write(content)
            sink.close()
        except OSError as error:
            sink = None  # Arrow closes a stream that is let go, and then half a file may get its name
            self._remove_half(path, content.size)
            raise self.unwritable(error) from error

    def _remove_half(self, path: str, size: int) -> None:
        with suppress(OSError):
            if self.files.get_file_info(self.full(path)).size not in (None, size):
                self.files.delete_file(self.full(path))

    def sweep(self) -> None:
        """Nothing: what was not put whole is not there."""

    def failed(self, path: str, error: OSError) -> AdvisorError:
        """A missing object is damage; anything else is S3's answer."""
        if isinstance(error, FileNotFoundError) or any(code in str(error) for code in _GONE):
            return self.missing(path)
        return self._refused(error, "s3:ListBucket and s3:GetObject")

    def unwritable(self, error: OSError) -> AdvisorError:
        """What S3 said, and the rights that writing needs."""
        return self._refused(error, "s3:PutObject and s3:DeleteObject")

    def _refused(self, error: OSError, rights: str) -> AwsFailed:
        return AwsFailed(
            f"store {self.shown}: {one_line(str(error), 300)}. "
            f"Next: check bucket, region, credentials and the rights {rights}, then run this again."
        )


def place_of(url: str | Path) -> Place:
    """The place that a path, a `file://` URL or `s3://bucket/prefix` names."""
    text = str(url)
    parts = urlsplit(text)
    scheme = parts.scheme if "://" in text else ""
    if scheme == "s3":
        root = unquote(f"{parts.netloc}{parts.path}").strip("/")
        if not parts.netloc or "//" in root:
            raise InputRefused("no bucket given", where="store", value=text, rule="s3://bucket/prefix")
        return Bucket(root)
    if scheme not in ("", "file"):
        rule = "a path, file:// or s3:// URL"
        raise InputRefused("neither a folder nor a bucket", where=one_line(text, 300), value=scheme, rule=rule)
    path = unquote(parts.path) if scheme else text
    if not path or "\0" in path:
        raise InputRefused("no folder given", where="store", value=path, rule="a path or file:// URL")
    return Folder(str(Path(path).expanduser().resolve()))


def _s3(bucket: str) -> fs.FileSystem:
    """S3 with the credentials of the environment, at AWS in the bucket's region, or at an endpoint as boto3 has it."""
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or "")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        return fs.S3FileSystem(
            region=region or "us-east-1" if endpoint.netloc else fs.resolve_s3_region(bucket),
            scheme=endpoint.scheme or "https",
            endpoint_override=endpoint.netloc or None,
            background_writes=False,
            connect_timeout=10,
            request_timeout=20,
            allow_delayed_open=True,  # one put for a small file, instead of three requests
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=MOST_ATTEMPTS),
        )
    except OSError as error:
        said = one_line(str(error), 300)
        raise AwsFailed(
            f"store s3://{one_line(bucket)}: {said}. Next: check the bucket's name and the network."
        ) from error
