"""The cells of the table, each one request with what must come of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import uuid4

from hub_api import models
from tests.authorisation import care, families
from tests.authorisation.care import CARE
from tests.authorisation.families import FAMILIES
from tests.authorisation.matrix import (
    ABOUT,
    EVERYBODY,
    IDS_IN_BODIES,
    IDS_LIKE_THE_OBJECT,
    LINES,
    NOBODYS,
    OBJECTS,
    cell,
    expected,
    operation_of,
)
from tests.authorisation.stage import Answer, Operation, Stage, operations
from tests.factories.accounts import PASSWORD
from tests.phone import contract, in_days


@dataclass(frozen=True)
class Cell:
    """One person doing one thing to one object, by its letter."""

    line: str
    who: str
    whose: str
    expected: str
    changes: tuple[tuple[str, Any], ...] = ()
    """Properties of the body that are sent otherwise. `@kind:letter` stands for an id."""

    @property
    def operation(self) -> Operation:
        return operations()[operation_of(self.line)]

    def __str__(self) -> str:
        changes = "".join(f" with {name}={value}" for name, value in self.changes)
        return f"{self.line} by {self.who}, object {self.whose or '-'}{changes}"


# --- which cells there are -------------------------------------------------------------------

BY_PATH = {
    "{constellation_id}": "constellation",
    "{appointment_id}": "appointment",
    "{hub_home_id}": "hub_home",
    "{bed_id}": "bed",
    "{absence_id}": "blocked",
    "{membership_id}": "membership",
    "{household_id}": "household",
    "{child_id}": "child",
    "{adult_id}": "adult",
    "{approval_id}": "approval",
    "{exemption_id}": "exemption",
    "{kept_apart_id}": "kept_apart",
    "{agreement_id}": "agreement",
    "{consent_id}": "consent",
    "{flag_id}": "consent_flag",
    "{link_id}": "consent_link",
    "{medicine_id}": "medicine",
    "{break_glass_id}": "break_glass",
    "{request_id}": "request",
    "{sleepover_id}": "sleepover",
    "{incident_id}": "incident",
    "{episode_id}": "episode",
    "{handover_id}": "handover",
    "{concern_id}": "concern",
    "{emergency_id}": "emergency",
    "{ask_id}": "emergency_ask",
    "{outing_id}": "outing",
    "{task_id}": "task",
    "{account_id}": "account",
    "{role_id}": "role",
    "{session_id}": "session",
    "{notification_id}": "notification",
    "{installation_id}": "device",
}


PLAYABLE = [line for line in LINES if operation_of(line) in operations()]
"""The lines that have an operation; a test of the table names the others."""


def kind_of(line: str) -> str | None:
    """The kind of object a line is about. Without one: a list, or something of one's own."""
    if line in ABOUT:
        return ABOUT[line]
    named = line.partition("/")[2]
    return named or next(reversed(kinds_in(operations()[operation_of(line)].path)), None)


def kinds_in(path: str) -> list[str]:
    """The kinds of object a path names, from the outermost to the one it is about."""
    return [BY_PATH[name] for name in re.findall(r"{\w+}", path) if name in BY_PATH]


def letters_of(kind: str | None) -> list[str]:
    """The objects of a kind, and one that does not exist. A key that doesn't is no object."""
    if kind is None:
        return [""]
    return [*OBJECTS[kind], *([] if kind == "key" else NOBODYS)]


def cells_of(line: str) -> Iterator[Cell]:
    """Everybody doing it to every object there is, and to one that does not exist."""
    for who in EVERYBODY:
        for whose in letters_of(kind_of(line)):
            yield Cell(line, who, whose, expected(line, who, whose))


def is_refused_at_the_door(line: str, who: str) -> bool:
    """Whether somebody may not ask at all, and is told so before anything is read."""
    return cell(line, who) in {"-", "!"}


def id_cells_of(line: str) -> Iterator[Cell]:
    """A body like that of an allowed request, but for one id that names somebody else's object."""
    for who in EVERYBODY:
        there = letters_of(kind_of(line))
        default = "H" if "H" in there else there[0]
        mine = next((own for own in cell(line, who) if own in there), default)
        for (operation, name), kind in {**IDS_IN_BODIES, **IDS_LIKE_THE_OBJECT}.items():
            if operation == line:
                for whose in [*OBJECTS[kind], NOBODYS]:
                    if whose != mine:
                        yield from _with_id(line, who, mine, name, kind, whose)


def _with_id(line: str, who: str, mine: str, name: str, kind: str, whose: str) -> Iterator[Cell]:
    if (line, name) in IDS_LIKE_THE_OBJECT:
        status = expected(line, who, whose)
    else:
        status = expected(line, who, whose if kind == kind_of(line) else NOBODYS)
        if kind_of(line) not in {"household", kind} and expected(line, who, mine) != "ok":
            status = expected(line, who, mine)  # what it would be done to is refused already
        # Another household with one's own child is nobody's: neither is there.
        status = "404" if status == "ok" else status
    many = properties(operations()[line])[name].get("type") == "array"
    there = f"@{kind}:{whose}"
    beside = "other_child" if (line, name) in IDS_LIKE_THE_OBJECT else kind
    for sent in [[there], [f"@{beside}:{mine}", there]] if many else [there]:
        refused = is_refused_at_the_door(line, who)
        for flags in [()] if refused else flag_choices(operations()[line]):
            yield Cell(line, who, mine, status, ((name, sent), *flags))


def properties(operation: Operation) -> dict[str, Any]:
    """The properties of an operation's body."""
    return (operation.body or {}).get("properties", {})


def flag_choices(operation: Operation) -> list[tuple[tuple[str, bool], ...]]:
    """Every yes-or-no of a body, both ways."""
    flags = [
        name for name, shape in properties(operation).items() if shape.get("type") == "boolean"
    ]
    return [(), *(((name, True),) for name in flags)]


@cache
def unknown_names() -> list[str]:
    """What a body could try to set: every column of every table, and all that answers show."""
    columns = {
        column.name for table in models.Base.metadata.sorted_tables for column in table.columns
    }
    shown = {
        name
        for schema in contract()["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    return sorted(columns | shown | {"is_admin", "permissions"})


TEMPTING = [
    "account_id", "asked_by", "constellation_id", "created_at", "household_id", "id", "is_active",
    "role", "state", "version",
]  # fmt: skip
"""What is tried by everybody, all at once: each name must be refused (`_unheard`). The rest is
refused before anybody is told apart."""


def unknown_cells_of(line: str) -> Iterator[Cell]:
    """A property or a parameter that the operation does not have."""
    operation = operations()[operation_of(line)]
    known = {*properties(operation), *operation.parameters}
    if not known:
        return
    able, whose = next((cell.who, cell.whose) for cell in cells_of(line) if cell.expected == "ok")
    for who in EVERYBODY:
        names = unknown_names() if who == able and operation.body else TEMPTING
        changes = tuple((name, "@household:E") for name in names if name not in known)
        if changes:
            yield Cell(line, who, whose, _unknown_to(operation, line, who), changes)


def _unknown_to(operation: Operation, line: str, who: str) -> str:
    """Who may not ask at all isn't told which names there are."""
    if cell(line, who) == "-" or (cell(line, who) == "!" and operation.needs_login):
        return expected(line, who, "")
    return "422"


# --- playing one -----------------------------------------------------------------------------


def play(stage: Stage, cell: Cell) -> Answer:
    """Send the request of a cell."""
    operation, world = cell.operation, stage.world
    kind = kind_of(cell.line)
    object_id = world.objects[kind][cell.whose] if kind else ""
    path = operation.path.replace("{section}", "diet")
    for name in re.findall(r"{\w+}", path)[:-1]:
        path = path.replace(name, world.objects[BY_PATH[name]][cell.whose])
    path = re.sub(r"{\w+}", object_id, path)
    headers = {}
    if operation.sees_version:
        headers["If_Match"] = f'"{stage.versions.get(object_id, 1)}"'
    if kind == "key":
        headers["Idempotency_Key"] = object_id
    changes = {name: _fill(stage, value) for name, value in cell.changes}
    if operation.body is None:
        asked = {"limit": 200, **changes} if operation.is_list else changes
        path += "?" * bool(asked) + "&".join(f"{name}={value}" for name, value in asked.items())
    body = None if operation.body is None else {**body_of(stage, cell), **changes}
    return stage.ask(cell.who, operation.method, path, body, **headers)


def _fill(stage: Stage, value: Any) -> Any:
    if isinstance(value, list):
        return [_fill(stage, item) for item in value]
    if isinstance(value, str) and value.startswith("@"):
        kind, letter = value[1:].split(":")
        return stage.world.objects[kind].get(letter, str(uuid4()))
    return value


def body_of(stage: Stage, cell: Cell) -> dict[str, Any]:
    """What would be done if it may be: by default, the example of the document."""
    world, words = stage.world, "three random words"
    if kind_of(cell.line) == "key":
        return world.asked_with_key
    if cell.operation.id == "createRespiteRequest":
        return world.ask_body(cell.whose)
    if cell.operation.id in FAMILIES:
        return families.body_of(world, cell.operation.id, cell.whose, cell.operation.example)
    if cell.operation.id in CARE:
        return care.body_of(world, cell.operation.id, cell.whose, cell.operation.example)
    if cell.operation.id == "extendSleepover":
        return {"departs_at": in_days({"N": 18, "E": 28}.get(cell.whose, 8), hour=20)}
    if cell.operation.id in world.bodies:
        return world.bodies[cell.operation.id](cell.whose)
    elsewhere = {"role": "hub_carer", "constellation_id": str(world.elsewhere.id)}
    stranger = {"email": stage.email("carer"), "password": "not-the-carer-s"}
    known = {
        "logIn": stranger
        if cell.who == "nobody"
        else {"email": stage.email(cell.who), "password": PASSWORD},
        "refreshTokens": {"refresh_token": world.refresh_tokens.get(cell.who, "nobody-s")},
        "changePassword": {"current_password": PASSWORD, "new_password": words},
        "activateAccount": {"code": world.invite_code, "password": words},
        "inviteAccount": {"email": "new@test.example", "display_name": "Somebody New"},
        "giveRole": elsewhere,
        "endRole": {},
        "changeRespiteRequest": {
            "arrives_at": in_days(70),
            "departs_at": in_days(71, hour=10),
        },
    }
    return dict(known.get(cell.operation.id, cell.operation.example))


def complaint(stage: Stage, cell: Cell) -> str | None:
    """What is wrong with the answer to a cell, in a line; None when nothing is."""
    answer = play(stage, cell)
    status = str(answer.status)
    if cell.expected == "ok":
        wrong = None if status < "300" else status
    else:
        wrong = None if status == cell.expected else status
    if wrong is None:
        wrong = _wrong_content(stage, cell, answer)
    elif answer.json:
        wrong = f"{status} {answer.json.get('code', '')}"
    return f"{cell}: expected {cell.expected}, got {wrong}" if wrong else None


def _wrong_content(stage: Stage, cell: Cell, answer: Answer) -> str | None:
    operation = cell.operation
    if str(answer.status) not in operation.statuses:
        return f"{answer.status}, which the document doesn't promise"
    if cell.expected != "ok":
        return f"it, but saved {answer.saved}" if answer.saved else _unheard(cell, answer)
    if operation.method == "GET" and answer.saved:
        return f"it, but saved {answer.saved}"
    if operation.is_list:
        return _wrong_list(stage, cell, answer)
    about = _about(stage, cell)
    if about is not None and answer.json and answer.json["id"] != about:
        return f"another object, {answer.json['id']}"
    if operation.method != "GET" and not answer.saved and kind_of(cell.line) != "key":
        return "it, but nothing was saved"
    return None


def _unheard(cell: Cell, answer: Answer) -> str | None:
    """Each name that the operation does not have is refused, however many are sent at once."""
    if answer.status != 422:
        return None
    known = {*properties(cell.operation), *cell.operation.parameters}
    taken = {name for name, _ in cell.changes} - known - set(answer.json["errors"])
    return f"422, but took {sorted(taken)}" if taken else None


ADDING = {"overrideCheck", "putPackSection", "confirmPackSection"}
"""Operations that answer with something of their own about the object in their path."""


def _about(stage: Stage, cell: Cell) -> str | None:
    """The id that the answer must have; None where it is another's or there is none."""
    kind = kind_of(cell.line)
    if cell.operation.id in {"getMe", "changeMe"}:
        return str(stage.world.people[cell.who])
    adds = kind == "role" or cell.operation.id in ADDING
    if kind is None or adds or "{" not in cell.operation.path:
        return None
    if "201" in cell.operation.statuses:
        return None  # something new
    return stage.world.objects[kind][cell.whose]


def _wrong_list(stage: Stage, cell: Cell, answer: Answer) -> str | None:
    there = stage.world.lists[cell.operation.id]
    written = cell_letters(cell)
    wanted = set().union(*(there[letter] for letter in written))
    found = {item["id"] for item in answer.json["items"]}
    if found == wanted:
        return None
    letters = {id_: letter for letter, ids in there.items() for id_ in ids}
    too_many = sorted({letters.get(id_, "?") for id_ in found - wanted})
    too_few = sorted({letters.get(id_, "?") for id_ in wanted - found})
    return f"a list with {too_many or 'nothing'} too many and {too_few or 'nothing'} missing"


def cell_letters(of: Cell) -> list[str]:
    """The letters of the lists that must come back."""
    if of.whose:
        return [of.whose]
    written = cell(of.line, of.who)
    return [of.who] if written == "M" else [letter for letter in written if letter != "."]
