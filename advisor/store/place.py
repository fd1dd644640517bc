"""Where the files of a store lie: whole files appear under their name at once, or not at all.

All reading and writing goes through `pyarrow.fs`, so that an object store can take the folder's place.
"""

import hashlib
import io
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from pyarrow import fs

from advisor.domain.errors import InputRefused, one_line

MOST_SEGMENT_CHARACTERS = 100
TEMPORARY = ".tmp-"
LOCK = ".lock"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that was written: its path within the store, its sha256, its size [bytes]."""

    path: str
    sha256: str
    size: int


def segment(value: str) -> str:
    """Foreign text as one part of a path: no slash, no dot, no control character, never too long.

    >>> segment("../eu west")
    '%2E%2E%2Feu%20west'
    """
    text = quote(value, safe="").replace(".", "%2E")
    if len(text) > MOST_SEGMENT_CHARACTERS:
        text = text[:60] + "~" + hashlib.sha256(value.encode()).hexdigest()[:16]
    return text


class Place:
    """A folder of files with atomic writes; paths are relative, with slashes."""

    def __init__(self, files: fs.FileSystem, root: str) -> None:
        self.files, self.root = files, root

    def full(self, path: str) -> str:
        """The path in the file system."""
        return f"{self.root}/{path}" if path else self.root

    def exists(self, path: str) -> bool:
        """Whether a file has that path."""
        return bool(self.files.get_file_info(self.full(path)).type == fs.FileType.File)

    def read(self, path: str) -> bytes:
        """The whole content; raises FileNotFoundError."""
        with self.files.open_input_file(self.full(path)) as source:
            return bytes(source.read())

    def sha256(self, path: str) -> str:
        """The sha256 of a file, read in pieces; raises FileNotFoundError."""
        digest = hashlib.sha256()
        with self.files.open_input_file(self.full(path)) as source:
            while piece := source.read(_CHUNK):
                digest.update(piece)
        return digest.hexdigest()

    def write(self, write: Callable[[BinaryIO], None], name: Callable[[str], str]) -> Written:
        """Let `write` fill a temporary file, then give it the path that `name` makes of its sha256."""
        self.files.create_dir(self.root, recursive=True)
        temporary = self.full(f"{TEMPORARY}{uuid.uuid4().hex}")
        try:
            with self.files.open_output_stream(temporary, compression=None) as sink:
                hashing = _Hashing(sink)
                write(hashing)  # type: ignore[arg-type]
            _flush(self.files, temporary)
            path = name(hashing.digest.hexdigest())
            self.files.create_dir(self.full(path).rpartition("/")[0], recursive=True)
            self.files.move(temporary, self.full(path))
            _flush(self.files, self.full(path).rpartition("/")[0])
        except OSError as error:
            raise _unwritable(self.root, error) from error
        return Written(path=path, sha256=hashing.digest.hexdigest(), size=hashing.size)

    def walk(self) -> list[str]:
        """Every file below, sorted."""
        selector = fs.FileSelector(self.root, recursive=True, allow_not_found=True)
        found = self.files.get_file_info(selector)
        return sorted(i.path[len(self.root) + 1 :] for i in found if i.type == fs.FileType.File)

    def delete(self, path: str) -> None:
        """Remove a file, if it is there."""
        try:
            self.files.delete_file(self.full(path))
        except FileNotFoundError:
            return

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time on this machine; a second one is refused, not kept waiting."""
        import fcntl

        try:
            self.files.create_dir(self.root, recursive=True)
            handle = os.open(self.full(LOCK), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unwritable(self.root, error) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy(self.root) from None
            yield
        finally:
            os.close(handle)


class _Hashing(io.RawIOBase):
    """A sink that knows the sha256 and the size of what went through it."""

    def __init__(self, sink: BinaryIO) -> None:
        self.sink, self.digest, self.size = sink, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = memoryview(data).cast("B")  # type: ignore[arg-type]
        self.digest.update(piece)
        self.sink.write(piece)
        self.size += len(piece)
        return len(piece)


def _flush(files: fs.FileSystem, path: str) -> None:
    """Bring a file or folder to the disk, where the file system is a disk."""
    if not isinstance(files, fs.LocalFileSystem):
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(root: str, error: OSError) -> InputRefused:
    reason = error.strerror or one_line(error)
    return InputRefused("cannot be written", where=one_line(Path(root), 300), rule=f"a writable folder ({reason})")


def _busy(root: str) -> InputRefused:
    return InputRefused(
        "another process is writing to this store",
        where=one_line(Path(root), 300),
        rule="one writer at a time",
        next_step="wait until it is done, then run this again",
    )
