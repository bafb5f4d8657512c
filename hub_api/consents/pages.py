"""The page behind a link that asks for consent: for a social worker without an account.

No script, no cookie, nothing from elsewhere. To look changes nothing, since programs that read mail
open links before people do; whoever sends the form has held the link in hand, so it needs no other
token. A link that is unknown, answered, taken back or out of date: one page, one status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import marshmallow as ma
from flask import Blueprint, Response, render_template, request

from hub_api import clock, openapi
from hub_api.access import PUBLIC
from hub_api.consents import links
from hub_api.consents.models import Answer
from hub_api.consents.schemas import ConsentAnswerIn
from hub_api.errors import HubError, NotFound, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from hub_api.consents.links import Question

blp = Blueprint("consent_pages", __name__, template_folder="templates")

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def _public(view: Callable[..., Response]) -> Callable[..., Response]:
    return openapi.mark(view, permission=PUBLIC, unversioned=True)


@blp.get("/consent/assets/page.css")
@_public
def consent_style() -> Response:
    """How the page looks."""
    return Response(render_template("consent.css"), content_type="text/css; charset=utf-8")


@blp.get("/consent/<token>")
@_public
def show_question(token: str) -> Response:
    """Ask for consent to a child's nights."""
    try:
        return _form(_question(token), 200)
    except HubError as error:
        return _refusal(error)


# A link is answered once, and only while it is as it was seen: there are no versions of it.
@blp.post("/consent/<token>")
@_public
def take_answer(token: str) -> Response:
    """Take the answer, once."""
    try:
        question = _question(token)
        sent = {name: request.form.get(name, "") for name in ("answer", "name")}
        try:
            said = ConsentAnswerIn().load({**sent, "name": sent["name"].strip()})
        except ma.ValidationError as error:
            return _form(question, 422, wrong=error.messages_dict, name=sent["name"])
        links.answer_question(question, said["answer"], said["name"])
    except HubError as error:
        return _refusal(error)
    is_yes = said["answer"] == Answer.YES
    return _page("consent_thanks.html", 200, question=question, is_yes=is_yes)


def _question(token: str) -> Question:
    return links.question_behind(token, request.remote_addr or "")


def _form(question: Question, status: int, **beside: object) -> Response:
    nights = _spoken(question.first_night, question.last_night)
    until = clock.london_date(question.expires_at)
    return _page(
        "consent.html",
        status,
        question=question,
        nights=nights,
        until=clock.spoken(until),
        **beside,
    )


def _spoken(first: date, last: date) -> str:
    """The nights, in words."""
    if first == last:
        return f"on the night of {clock.spoken(first)} {first.year}"
    count = (last - first).days + 1
    return (
        f"on {count} nights, from the night of {clock.spoken(first)} to the night of "
        f"{clock.spoken(last)} {last.year}"
    )


def _refusal(error: HubError) -> Response:
    """In words for a person; whatever the link's matter is, the same. Raises what is no matter of
    the link."""
    if isinstance(error, TooManyRequests):
        return _page("consent_gone.html", error.status, is_busy=True)
    if isinstance(error, NotFound):
        return _page("consent_gone.html", error.status, is_busy=False)
    raise error


def _page(template: str, status: int, **shown: object) -> Response:
    page = Response(
        render_template(template, **shown), status=status, content_type="text/html; charset=utf-8"
    )
    page.headers["Content-Security-Policy"] = PAGE_POLICY
    page.headers["X-Robots-Tag"] = "noindex"
    return page
