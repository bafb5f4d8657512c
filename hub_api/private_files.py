"""Files of secrets: readable by their owner alone, replaced whole, changed by one at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hub_api.settings import SettingsError, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write(path: Path, text: str, *, setting: str) -> None:
    """Replace a file in one step, private from the first byte and on the disk when this returns.

    Raises `SettingsError` that names the `HUB_…` variable with which to choose another place.
    """
    make_folder(path.parent)
    draft = path.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, setting, error) from None


def _sync_folder(folder: Path) -> None:
    """A file's new name survives a power cut only once its folder is on the disk too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def one_at_a_time(path: Path, *, setting: str) -> Iterator[None]:
    """Read and replace a file with nobody else in between: who replaces it drops what they missed.

    The lock is a file beside it, for the file itself is a new one after each change.
    """
    make_folder(path.parent)
    try:
        lock = path.with_suffix(".lock").open("w")
    except OSError as error:
        raise _unwritable(path, setting, error) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_private(path: Path) -> bool:
    """Whether nobody but its owner (and root) can read a file."""
    return not path.stat().st_mode & 0o077


def _unwritable(path: Path, setting: str, error: OSError) -> SettingsError:
    return SettingsError(
        f"The keys can't be written to {path} ({error.strerror}). Choose another place with "
        f"{setting}."
    )
