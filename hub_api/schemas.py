"""Fields and schemas every slice uses. Shapes only: what is possible is decided elsewhere."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api.api import read_cursor

_EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class Schema(ma.Schema):
    """Every schema: unknown fields are refused by name, and the order is the order written."""

    class Meta:
        unknown = ma.RAISE


class Instant(fields.AwareDateTime):
    """An RFC 3339 instant with its offset, in this century. Kept and written in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        found: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            instant = found.astimezone(UTC)
        except OverflowError:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None
        if not _EARLIEST <= instant < _LATEST:
            raise ma.ValidationError("Please give a date in this century.")
        return instant


class Line(fields.String):
    """One line of text: no control characters, no half characters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
            raise ma.ValidationError("Please use ordinary characters only.")
        return text


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

    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, 200),
        metadata={"description": "How many at most."},
    )
    cursor = Cursor(
        load_default=None, metadata={"description": "`next_cursor` of the page before."}
    )


def page_of(item: type[Schema]) -> ma.Schema:
    """The schema of a page of these."""
    name = item.__name__.removesuffix("Schema") + "Page"
    page: type[ma.Schema] = type(
        name,
        (Schema,),
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
    )
    return page()
