"""Versions of the apps that ask."""

from __future__ import annotations

import re


def app_version(text: str) -> tuple[int, ...] | None:
    """A version such as 1.4.0 as numbers that can be compared; None for anything else."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){0,3}", text.strip(), re.ASCII):
        return None
    parts = [int(part) for part in text.strip().split(".")]
    while parts and parts[-1] == 0:  # 1.4 and 1.4.0 are the same
        parts.pop()
    return tuple(parts)
