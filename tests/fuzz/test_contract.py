"""Whatever the document allows and much that it does not: every answer is as it promises.

`make battery` sends more of it: FUZZ_EXAMPLES is how many requests each role sends each operation
in a round (up to 100: the days of a year run out), and FUZZ_ROUNDS how many rounds. Whoever is
turned away at the door, whatever they send, sends two.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from flask import Response
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from hub_api import settings as hub_settings
from hub_api.access import Role
from tests.fuzz.town import Town
from tests.phone import contract, may_ask

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
AT_THE_DOOR = min(2, EXAMPLES)
ROUNDS = range(int(os.environ.get("FUZZ_ROUNDS", "1")))
ROLES = {
    "satellite_carer": Role.SATELLITE_CARER,
    "hub_carer": Role.HUB_CARER,
    "liaison_worker": Role.LIAISON_WORKER,
    "programme_manager": Role.PROGRAMME_MANAGER,
    "nobody": None,
}
OPERATIONS = sorted(
    (operation["operationId"], method, path)
    for path, operations in contract()["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
)
PROMISES = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
KINDS = {
    "real": GenerationMode.POSITIVE,  # of the right shape, with ids that are there
    "made up": GenerationMode.POSITIVE,
    "wrong": GenerationMode.NEGATIVE,
}


@pytest.fixture(scope="session")
def document(shared_app: Any) -> Any:
    config = schemathesis.Config.from_dict(
        {"checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}}}  # 412 is one too
    )
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", shared_app, config=config)


@pytest.fixture
def town(world: Any, settings: Any, nothing_off: Any, owner: Any) -> Iterator[Town]:
    # Otherwise, after ten wrong codes and passwords, all that is answered is to wait.
    hub_settings.use(replace(nothing_off, login_attempts=100_000))
    yield Town(world, owner)
    hub_settings.use(settings)


class TestEveryAnswer:
    @pytest.mark.parametrize("number", ROUNDS)
    @pytest.mark.parametrize(("name", "method", "path"), OPERATIONS, ids=[o[0] for o in OPERATIONS])
    def test_is_as_the_document_promises(self, document, town, capsys, name, method, path, number):
        operation = document[path][method.upper()]
        answered = {role: send(operation, town, role, number) for role in ROLES}
        with capsys.disabled():
            print(f"\n{name}: {summed(answered)}", end=" ")
        best = max(answered.values(), key=succeeded)
        # Otherwise all of them were turned away at the door, which would prove nothing.
        assert succeeded(best) >= best.total() / 5, answered

    @pytest.mark.parametrize(
        "answer", [{"id": "x", "version": 1}, {"items": []}, Response(status=500), Response("x")]
    )
    def test_that_breaks_a_promise_is_found(self, document, town, monkeypatch, answer):
        monkeypatch.setattr("hub_api.households.service.get_household", lambda *_: answer)
        operation = document["/api/v1/households/{household_id}"]["GET"]
        with pytest.raises(FailureGroup):
            send(operation, town, "satellite_carer", 0)


def send(operation: Any, town: Town, role: str, number: int) -> Counter[int]:
    """Send an operation's examples as somebody and hold each answer to the document."""
    answered: Counter[int] = Counter()
    phone = town.phone(role)
    is_let_in = may_ask(ROLES[role], operation.full_path, operation.method)
    ends_the_login = operation.definition.raw["operationId"] == "logOut"

    @seed(number)
    @settings(
        max_examples=EXAMPLES if is_let_in else AT_THE_DOOR,
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(
        st.sampled_from(["real", *KINDS]).flatmap(
            lambda kind: st.tuples(
                st.just(kind), operation.as_strategy(KINDS[kind], headers=phone.headers)
            )
        )
    )
    def examples(made: tuple[str, Any]) -> None:
        kind, case = made
        if kind == "real":
            town.fill(case, phone)
        headers = town.phone(role).headers if ends_the_login else phone.headers
        response = case.call_and_validate(headers=headers, checks=PROMISES)
        answered[response.status_code] += 1

    examples()
    return answered


def summed(answered: dict[str, Counter[int]]) -> str:
    """How often each status was answered, for the eye."""
    statuses = sorted(sum(answered.values(), Counter()).items())
    return ", ".join(f"{count} of {status}" for status, count in statuses)


def succeeded(answered: Counter[int]) -> int:
    """How many answers said yes."""
    return sum(count for status, count in answered.items() if status < 300)
