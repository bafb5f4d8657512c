"""Fields and schemas every slice uses. Shapes only: what is possible is decided elsewhere."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api.api import read_cursor
from hub_api.openapi import Words

if TYPE_CHECKING:
    from enum import StrEnum

_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)


fields.Field.default_error_messages |= {
    "required": "Please fill this in.",
    "null": "Please fill this in.",
    "validator_failed": "This isn't right.",
}
fields.String.default_error_messages |= {"invalid": "Please give text."}
fields.List.default_error_messages |= {"invalid": "Please give a list."}
fields.Integer.default_error_messages |= {"invalid": "Please give a whole number."}
fields.Boolean.default_error_messages |= {"invalid": "Please give true or false."}


class Schema(ma.Schema):
    """Every schema: unknown fields are refused by name, and the order is the order written."""

    error_messages = {  # noqa: RUF012 - marshmallow reads it from the class
        "unknown": "The hub doesn't know this field.",
        "type": "Please send an object.",
    }

    class Meta:
        unknown = ma.RAISE


def one_of(words: type[StrEnum]) -> Words:
    """A word of an enum."""
    return Words(words, error="Please choose one of: {choices}.")


def length(shortest: int, longest: int, words: str) -> validate.Length:
    """So many characters or items; `words` say it to a person."""
    return validate.Length(shortest, longest, error=words)


class Flag(fields.Boolean):
    """True or false and nothing that resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class WholeNumber(fields.Integer):
    """A whole number in a query: ASCII digits alone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not (isinstance(value, str) and value.isascii() and value.isdigit()):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Instant(fields.AwareDateTime):
    """An RFC 3339 instant with its offset, in this century. Kept and written in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        if not (isinstance(value, str) and _RFC_3339.fullmatch(value)):
            raise ma.ValidationError("Please give a date and time such as 2026-12-04T17:00:00Z.")
        try:
            instant = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            raise ma.ValidationError("There is no such date and time.") from None
        if not _EARLIEST <= instant < _LATEST:
            raise ma.ValidationError("Please give a date in this century.")
        return instant


class Day(fields.Date):
    """A day as YYYY-MM-DD, in this century."""

    earliest = _EARLIEST.date()

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        if not (isinstance(value, str) and _DAY.fullmatch(value)):
            raise ma.ValidationError("Please give a day such as 2026-12-04.")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise ma.ValidationError("There is no such day.") from None
        if not self.earliest <= day < _LATEST.date():
            raise ma.ValidationError("Please give a day in this century.")
        return day


class LongAgo(Day):
    """A day of somebody's life so far, or of a document: it may lie before the hub."""

    earliest = date(2000, 1, 1)


class Id(fields.UUID):
    """An id in its one written form."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not (isinstance(value, str) and _ID.fullmatch(value)):
            raise ma.ValidationError("This isn't an id the hub gave out.")
        return super()._deserialize(value, attr, data, **kwargs)


class Line(fields.String):
    """One line of text: no control characters, no half characters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
            raise ma.ValidationError("Please use ordinary characters only.")
        return text


class FreeText(fields.String):
    """Text of several lines, trimmed; nothing but space is no text, and so null.

    Line breaks and tabs are its only control characters. `longest` counts code points. With a
    `shortest`, something must be said.
    """

    def __init__(self, *, longest: int, shortest: int = 0, **kwargs: Any) -> None:
        metadata = {"maxLength": longest, **kwargs.pop("metadata", {})}
        if shortest:
            kwargs = {"required": True, **kwargs}
            metadata["minLength"] = shortest
        else:
            kwargs = {"load_default": None, "allow_none": True, **kwargs}
        super().__init__(metadata=metadata, **kwargs)
        self._shortest, self._longest = shortest, longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        sent = str(super()._deserialize(value, attr, data, **kwargs)).replace("\r\n", "\n")
        if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t" for char in sent):
            raise ma.ValidationError("Please use ordinary characters only.")
        text = sent.strip()
        if len(text) > self._longest:
            raise ma.ValidationError(f"Please keep this to {self._longest:,} characters.")
        if len(text) < self._shortest:
            raise ma.ValidationError(
                f"Please say a little more: at least {self._shortest} characters."
            )
        return text or None


class Cursor(fields.String):
    """A `next_cursor` from the page before."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return read_cursor(str(text))
        except ValueError:
            raise ma.ValidationError("This is not a cursor the hub gave out.") from None


class PageIn(Schema):
    """Which page of a list."""

    limit = WholeNumber(
        load_default=50,
        validate=validate.Range(1, 200, error="Please choose 1 to 200."),
        metadata={"description": "How many at most."},
    )
    cursor = Cursor(
        load_default=None, metadata={"description": "`next_cursor` of the page before."}
    )


def page_of(item: type[Schema], **beside: fields.Field[Any]) -> ma.Schema:
    """The schema of a page of these; `beside` is said of the list as a whole."""
    name = item.__name__.removesuffix("Schema") + "Page"
    page: type[ma.Schema] = type(
        name,
        (Schema,),
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
            **beside,
        },
    )
    return page()
