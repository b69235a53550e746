"""The folder of a run: that it can be written, that only one run writes it, and that nothing in it is lost."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from lower_triangle.errors import OutputError

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only run that writes in `folder`. The system drops the lock of a process that dies, however it died.

    Raises:
        OutputError: when another run holds it.
    """
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise OutputError(f"another run is writing in '{folder}'; wait for it, or choose another --out") from error
    with lock:
        yield


def sweep(folder: Path, *names: str) -> None:
    """Remove what a save that was killed has left beside `names`; `write_atomically` calls its drafts so."""
    for name in names:
        for draft in folder.glob(f".{name}.????????"):
            draft.unlink(missing_ok=True)


@contextlib.contextmanager
def writable_folder(folder: Path) -> Iterator[None]:
    """Make `folder` and write in it, so that a run learns now, and not at its end, that it cannot.

    When the run fails, the folders made for it that are still empty go again.

    Raises:
        OutputError: when it cannot be made or written.
    """
    made = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise OutputError(f"cannot write in '{folder}': {error.strerror}; choose another folder") from error
        yield
    except BaseException:
        for place in made:
            with contextlib.suppress(OSError):  # it is not empty
                if list(place.iterdir()) == [place / LOCK]:
                    (place / LOCK).unlink()
                place.rmdir()
        raise
