"""Stand-ins for the services that notifications go by; each fails the test on what it did not
expect."""

from collections.abc import Iterator

import pytest

from tests.standins.fcm import Fcm


@pytest.fixture
def google() -> Iterator[Fcm]:
    """Firebase Cloud Messaging. Every push that reaches it has to be expected by the test."""
    with Fcm() as stand_in:
        yield stand_in
        stand_in.refuse_unexpected()
