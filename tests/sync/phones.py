"""A phone that knows only what catching up has told it, and the lists it should agree with."""

import time

from tests.phone import Phone

LISTS = {
    "constellations": "/constellations",
    "households": "/households",
    "respite_requests": "/respite-requests",
    "sleepovers": "/sleepovers",
    "notifications": "/notifications",
}


class CopyingPhone:
    """Applies each answer as docs/app-developer.md says, and does nothing else."""

    def __init__(self, phone: Phone, limit: int = 200) -> None:
        self.phone, self.limit = phone, limit
        self.cursor: str | None = None
        self.kept: dict[str, dict[str, dict]] = {}
        self.resets = 0

    def ask(self) -> dict:
        """One call, applied."""
        cursor = f"&cursor={self.cursor}" if self.cursor else ""
        response = self.phone.get(f"/sync?limit={self.limit}{cursor}")
        assert response.status_code == 200, response.json
        self.apply(response.json)
        return response.json

    def apply(self, answer: dict) -> None:
        self.resets += bool(answer["reset"])
        for kind in answer["reset"]:
            self.kept[kind] = {}
        for kind, rows in answer["changed"].items():
            self.kept.setdefault(kind, {}).update({row["id"]: row for row in rows})
        for gone in answer["gone"]:
            self.kept[gone["kind"]].pop(gone["id"], None)
        self.cursor = answer["cursor"]

    def catch_up(self) -> list[dict]:
        """Calls until there is no more."""
        answers = [self.ask()]
        while answers[-1]["more"]:
            answers.append(self.ask())
            assert len(answers) < 500, "it never ends"
        return answers

    def settle(self) -> None:
        """Catch up until there is nothing: whoever writes at this moment is waited for."""
        for _ in range(200):
            (answer,) = self.catch_up()
            if not new(answer) and not answer["gone"]:
                return
            time.sleep(0.05)
        raise AssertionError("there is always something")


def listed(phone: Phone, path: str) -> dict[str, dict]:
    """Everything a list has, page by page, by id; nothing for whoever may not ask for it."""
    found, cursor = {}, ""
    joint = "&" if "?" in path else "?"
    while cursor is not None:
        response = phone.get(f"{path}{joint}limit=200" + (f"&cursor={cursor}" if cursor else ""))
        if response.status_code == 403:
            return {}
        assert response.status_code == 200, response.json
        found |= {row["id"]: row for row in response.json["items"]}
        cursor = response.json["next_cursor"]
    return found


def all_lists(phone: Phone) -> dict[str, dict[str, dict]]:
    """What a phone that is online sees in its lists, by kind."""
    found = {kind: listed(phone, path) for kind, path in LISTS.items()}
    found["tasks"] = {}
    for state in ("open", "done", "settled"):
        found["tasks"] |= listed(phone, f"/tasks?state={state}")
    found["children"] = {}
    for household in found["households"]:
        found["children"] |= listed(phone, f"/households/{household}/children")
    return found


def new(answer: dict) -> dict[str, set[str]]:
    """The ids an answer brings, by kind, where there are any."""
    changed = answer["changed"].items()
    return {kind: {row["id"] for row in rows} for kind, rows in changed if rows}
