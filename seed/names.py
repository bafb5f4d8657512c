"""Names of people who don't exist, by Faker, each given once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from faker import Faker

from hub_api.households.models import Gender

if TYPE_CHECKING:
    from collections.abc import Callable


class Names:
    """British names that the dice decide. No two adults have the same, nor two families next door.

    `taken` are names of people who are there already.
    """

    def __init__(self, dice_number: int, taken: frozenset[str]) -> None:
        self._faker = Faker("en_GB")
        self._faker.seed_instance(dice_number)
        self._taken = {_address(name) for name in taken}
        self._here = {part for name in taken for part in name.split()}

    def begin_constellation(self) -> None:
        """From here on, first names and surnames may come again."""
        self._here = set()

    def surname(self) -> str:
        return self._new_here(self._faker.last_name)

    def person(self, surname: str) -> str:
        """An adult's name, unlike every other's; the first name is new in the constellation."""
        while True:
            name = f"{self._new_here(self._faker.first_name)} {surname}"
            if _address(name) not in self._taken:
                self._taken.add(_address(name))
                return name

    def child(self, gender: Gender) -> str:
        """A first name that nobody in the constellation has."""
        by_gender = {
            Gender.FEMALE: self._faker.first_name_female,
            Gender.MALE: self._faker.first_name_male,
        }
        return self._new_here(by_gender.get(gender, self._faker.first_name_nonbinary))

    def place(self) -> str:
        """A constellation's name, unlike every other's."""
        while True:
            name = self._faker.street_name()
            if _address(name) not in self._taken:
                self._taken.add(_address(name))
                return name

    def _new_here(self, pick: Callable[[], str]) -> str:
        while (name := pick()) in self._here:
            pass
        self._here.add(name)
        return name


def _address(name: str) -> str:
    return re.sub(r"[^a-z]+", ".", name.lower()).strip(".")


def email_of(name: str) -> str:
    """The address of a person of the demo."""
    return f"{_address(name)}@demo.example"
