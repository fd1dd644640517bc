"""Where the files of a store lie: what any place can do, and the place that is a local folder.

Whole files appear under their name at once, or not at all: in a folder by renaming, on S3 because a put does so.
"""

import hashlib
import io
import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from pyarrow import fs

from advisor.domain.errors import AdvisorError, InputRefused, StoreDamaged, one_line

MOST_SEGMENT_CHARACTERS = 100
SHA_CHARACTERS = 16  # of a file's sha256, in its name
TEMPORARY = ".tmp-"
LOCK = ".lock"
_CHUNK = 1 << 20
LOCAL = fs.LocalFileSystem()

Fill = Callable[[BinaryIO], None]
Name = Callable[[str], str | None]


class FileMissing(StoreDamaged):
    """A file was gone when it was to be read: lost, or another process has compacted it away."""


def segment(value: str) -> str:
    """Foreign text as one part of a path: no slash, no dot, no control character, never too long.

    >>> segment("../eu west")
    '%2E%2E%2Feu%20west'
    """
    text = quote(value, safe="").replace(".", "%2E")
    if len(text) > MOST_SEGMENT_CHARACTERS:
        text = text[:60] + "~" + hashlib.sha256(value.encode()).hexdigest()[:16]
    return text


class Place(ABC):
    """Immutable files; paths are relative, with slashes. `name` in `write` makes a path of the content's sha256."""

    def __init__(self, files: fs.FileSystem, root: str) -> None:
        self.files, self.root = files, root

    def full(self, path: str) -> str:
        """The path in the file system."""
        return f"{self.root}/{path}" if path else self.root

    def read(self, path: str) -> bytes:
        """The whole content; raises StoreDamaged where it is missing or not what its name says."""
        try:
            with self.files.open_input_file(self.full(path)) as source:
                content = bytes(source.read())
        except OSError as error:
            raise self.failed(path, error) from error
        if not _is_of(path, hashlib.sha256(content)):
            raise self.damaged(path, "changed since it was written")
        return content

    def check(self, path: str) -> None:
        """Read a file in pieces; raises StoreDamaged where it is missing or not what its name says."""
        digest = hashlib.sha256()
        try:
            with self.files.open_input_file(self.full(path)) as source:
                while piece := source.read(_CHUNK):
                    digest.update(piece)
        except OSError as error:
            raise self.failed(path, error) from error
        if not _is_of(path, digest):
            raise self.damaged(path, "changed since it was written")

    def is_file(self) -> bool:
        """Whether there is a file where the store should be."""
        return bool(self.files.get_file_info(self.root).type == fs.FileType.File)

    def list(self, folder: str = "") -> list[str]:
        """Every file below a folder, sorted."""
        selector = fs.FileSelector(self.full(folder), recursive=True, allow_not_found=True)
        try:
            found = self.files.get_file_info(selector)
        except NotADirectoryError:
            return []
        except OSError as error:
            raise self.failed(folder, error) from error
        return sorted(i.path[len(self.root) + 1 :] for i in found if i.type == fs.FileType.File)

    def delete(self, path: str) -> None:
        """Remove a file; one that is gone already is no error."""
        try:
            self.files.delete_file(self.full(path))
        except FileNotFoundError:
            return
        except OSError as error:
            raise self.unwritable(error) from error

    def missing(self, path: str) -> StoreDamaged:
        """The error for a file that is not there."""
        return self.damaged(path, "missing", kind=FileMissing)

    def damaged(self, path: str, what: str, *, kind: type[StoreDamaged] = StoreDamaged) -> StoreDamaged:
        """The error for a file that is not what it should be."""
        return kind(
            f"store {self.shown}: {path}: {what}. Rule: every file is as its name and the manifest say. "
            "Next: restore the store from a backup, or collect or import again into a new one."
        )

    @property
    @abstractmethod
    def shown(self) -> str:
        """Where it is, for a message."""

    @abstractmethod
    def write(self, fill: Fill, name: Name) -> str | None:
        """Give what `fill` writes the path that `name` makes of its sha256; without a name, nothing is kept."""

    @abstractmethod
    def sweep(self) -> None:
        """Remove what killed writes left."""

    @abstractmethod
    def failed(self, path: str, error: OSError) -> AdvisorError:
        """The error of a reading."""

    @abstractmethod
    def unwritable(self, error: OSError) -> AdvisorError:
        """The error of a writing."""


class Folder(Place):
    """A folder of this machine. Who writes holds a shared lock, so that a sweep takes nothing from the living."""

    def __init__(self, root: str) -> None:
        super().__init__(LOCAL, root)

    @property
    def shown(self) -> str:
        """The path of the folder."""
        return one_line(self.root, 300)

    def write(self, fill: Fill, name: Name) -> str | None:
        """Fill a temporary file, bring it to the disk, rename it."""
        temporary = self.full(f"{TEMPORARY}{uuid.uuid4().hex}")
        try:
            with self._locked(), _removed(temporary):
                sha = filled(temporary, fill)
                path = name(sha)
                if path is None:
                    return None
                _flush(temporary)
                self.files.create_dir(self.full(path).rpartition("/")[0], recursive=True)
                self.files.move(temporary, self.full(path))
                _flush(self.full(path).rpartition("/")[0])
        except OSError as error:
            raise self.unwritable(error) from error
        return path

    def sweep(self) -> None:
        """Remove temporary files, if nobody is writing one."""
        with self._locked(alone=True) as alone:
            for path in self.list() if alone else ():
                if path.startswith(TEMPORARY):
                    self.delete(path)

    def failed(self, path: str, error: OSError) -> AdvisorError:
        """A folder's file is there and readable, or the store is damaged."""
        return self.missing(path) if isinstance(error, FileNotFoundError) else self.damaged(path, _said(error))

    def unwritable(self, error: OSError) -> AdvisorError:
        """InputRefused: the folder is the user's choice."""
        return InputRefused("cannot be written", where=self.shown, rule=f"a writable folder ({_said(error)})")

    @contextmanager
    def _locked(self, *, alone: bool = False) -> Iterator[bool]:
        """Hold the lock with others; or alone, if nobody else holds it. Yields whether it is held."""
        import fcntl

        self.files.create_dir(self.root, recursive=True)
        handle = os.open(self.full(LOCK), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, (fcntl.LOCK_EX | fcntl.LOCK_NB) if alone else fcntl.LOCK_SH)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(handle)


class _Hashing(io.RawIOBase):
    """A sink that knows the sha256 of what went through it."""

    def __init__(self, sink: BinaryIO) -> None:
        self.sink, self.digest = sink, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = memoryview(data).cast("B")  # type: ignore[arg-type]
        self.digest.update(piece)
        self.sink.write(piece)
        return len(piece)


def filled(path: str, fill: Fill) -> str:
    """Make a local file; returns the sha256 of its content."""
    with LOCAL.open_output_stream(path, compression=None) as sink:
        hashing = _Hashing(sink)
        fill(hashing)  # type: ignore[arg-type]
    return hashing.digest.hexdigest()


@contextmanager
def _removed(path: str) -> Iterator[None]:
    """Whatever happens, the temporary file does not stay; only a kill can leave it."""
    try:
        yield
    finally:
        Path(path).unlink(missing_ok=True)


def _is_of(path: str, digest: "hashlib._Hash") -> bool:
    """Whether the content is what the name of the file says."""
    stem = path.rpartition("/")[2].partition(".")[0]
    return stem.endswith(digest.hexdigest()[:SHA_CHARACTERS])


def _flush(path: str) -> None:
    """Bring a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _said(error: OSError) -> str:
    return error.strerror or one_line(str(error))
