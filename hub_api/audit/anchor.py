"""The anchor: heads of the chain in a file outside the database, added to and never changed.

One line a head: `seq mac sealed_at`. Whoever can write to the database, and even holds the key,
can't take back a line that has been shipped elsewhere (docs/operator.md).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub_api.settings import SettingsError, make_folder

if TYPE_CHECKING:
    from pathlib import Path

_CUT_SHORT = re.compile(rb"[0-9]{0,18}( ([0-9a-f]{0,63}|[0-9a-f]{64}( \S*)?))?")
_LINE = re.compile(rb"([0-9]{1,18}) ([0-9a-f]{64}) (\S+)")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal of a chain, or `seq` 0 before the first."""

    seq: int
    mac: bytes
    sealed_at: str
    """RFC 3339; `-` before the first."""


@dataclass(slots=True)
class Anchored:
    """What an anchor holds."""

    heads: dict[int, bytes] = field(default_factory=dict)
    unreadable: int = 0
    """Lines that were cut short: a full disk or a power cut. They say nothing, so none is lost."""
    damaged: int = 0
    """Lines that nobody's disk makes so: a whole one was changed."""
    contradicting: set[int] = field(default_factory=set)
    """Seals anchored twice, and not alike."""


def read(*paths: Path) -> Anchored:
    """The heads of one or more copies. A file that isn't there holds none."""
    found = Anchored()
    for path in paths:
        try:
            with path.open("rb") as lines:
                for line in lines:
                    _add(found, line)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise SettingsError(f"The anchor {path} can't be read ({error.strerror}).") from None
    return found


def _add(found: Anchored, line: bytes) -> None:
    head = _head(line)
    if head is None:
        is_cut_short = _CUT_SHORT.fullmatch(line.removesuffix(b"\n")) is not None
        found.unreadable += is_cut_short and bool(line.strip())
        found.damaged += not is_cut_short
    elif found.heads.setdefault(head.seq, head.mac) != head.mac:
        found.contradicting.add(head.seq)


def _head(line: bytes) -> Head | None:
    match = _LINE.fullmatch(line.removesuffix(b"\n"))
    if match is None or not line.endswith(b"\n"):
        return None
    return Head(int(match[1]), bytes.fromhex(match[2].decode()), match[3].decode())


_TAIL = 4096
"""Bytes that hold the last lines."""


def last(path: Path) -> Head | None:
    """The head anchored last, or None. Raises `OSError`."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.readlines()
    except FileNotFoundError:
        return None
    return next((head for head in map(_head, reversed(lines)) if head), None)


def append(path: Path, head: Head) -> None:
    """Add a line and wait until the disk has it. Raises `OSError`."""
    make_folder(path.parent)
    is_new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        is_torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        line = f"{head.seq} {head.mac.hex()} {head.sealed_at}\n".encode()
        _write_all(file, b"\n" + line if is_torn else line)
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        _keep_name(path)


def _write_all(file: int, text: bytes) -> None:
    if os.write(file, text) != len(text):
        raise OSError("the disk is full")


def _keep_name(path: Path) -> None:
    """Wait until the folder has the new file's name."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
