"""A client made from the document by machine: an app developer's first hour.

Nothing of ours is used here but the document and the address of a server.
"""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub_api import clock
from hub_api.openapi import document
from tests.factories.accounts import PASSWORD
from tests.loopback import served
from tests.phone import contract


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a client made of the document as it stands."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "hub.json").write_text(document())
    (folder / "no_hooks.json").write_text('{"post_hooks": []}')
    package = folder / "hub_client"
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning",
         "--meta", "none", "--path", folder / "hub.json", "--config", folder / "no_hooks.json",
         "--output-path", package],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    assert "warning" not in (made.stdout + made.stderr).lower()
    return package


class Client:
    """The generated package: `client.models.LoginIn`, `client.call("logIn", …)`."""

    def __init__(self, port: int) -> None:
        self.models: Any = importlib.import_module("hub_client.models")
        self._package: Any = importlib.import_module("hub_client")
        self._given = {
            "base_url": f"http://127.0.0.1:{port}",
            "httpx_args": {"trust_env": False},
        }

    def nobody(self) -> Any:
        return self._package.Client(**self._given)

    def logged_in(self, email: str) -> Any:
        """Log in as this person."""
        log_in = importlib.import_module("hub_client.api.accounts.log_in")
        with self.nobody() as client:
            body = self.models.LoginIn(email=email, password=PASSWORD)
            tokens = log_in.sync(client=client, body=body)
        assert isinstance(tokens, self.models.TokenPair)
        return self._package.AuthenticatedClient(token=tokens.access_token, **self._given)


@pytest.fixture
def client(generated: Path, app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.syspath_prepend(str(generated.parent))
    with served(app) as port:
        yield Client(port)
    for name in [name for name in sys.modules if name.partition(".")[0] == "hub_client"]:
        del sys.modules[name]


@pytest.fixture
def email(rows: Any) -> Any:
    """The address somebody logs in with."""

    def find(account_id: Any) -> str:
        (found,) = rows("select email from accounts where id = :id", id=account_id)
        return found.email

    return find


def evening(days: int) -> datetime:
    return clock.now().replace(hour=17, minute=0, second=0, microsecond=0) + timedelta(days=days)


def wish(home: Any) -> Any:
    """A night for the first child of a household, in the client's own types."""
    from hub_client.models import RequestKind, RequestReason, RespiteRequestIn

    return RespiteRequestIn(
        household_id=home.id,
        children=[home.children[0].id],
        kind=RequestKind.PLANNED,
        arrives_at=evening(7),
        departs_at=evening(8),
        reason=RequestReason.REST_FOR_CARER,
    )


class TestAGeneratedClient:
    def test_books_a_sleepover(self, client, world, email):
        from hub_client.api.households import list_households
        from hub_client.api.respite import (
            accept_respite_request,
            create_respite_request,
            get_respite_request,
        )
        from hub_client.api.sleepovers import list_sleepovers
        from hub_client.models import RequestState, SleepoverState

        with client.logged_in(email(world.here.family.carer)) as carer:
            (home,) = list_households.sync(client=carer).items
            asked = create_respite_request.sync(
                client=carer,
                idempotency_key="first-evening-off",
                body=wish(home),
            )
            assert asked.state is RequestState.SUBMITTED

            with client.logged_in(email(world.here.hub_carer)) as hub_carer:
                seen = get_respite_request.sync_detailed(asked.id, client=hub_carer)
                accepted = accept_respite_request.sync(
                    asked.id, client=hub_carer, if_match=seen.headers["ETag"]
                )
            assert accepted.state is RequestState.ACCEPTED
            assert accepted.nights == [evening(7).date()]

            (stay,) = list_sleepovers.sync(client=carer).items
        assert stay.state is SleepoverState.CONFIRMED
        assert stay.child.first_name == home.children[0].first_name
        assert (stay.cancelled_at, stay.cancel_reason) == (None, None)
        assert stay.arrives_at == evening(7)

    def test_gets_refusals_as_problems(self, client, world, email):
        from hub_client.api.households import list_households
        from hub_client.api.respite import accept_respite_request

        request = world.asked()
        with client.logged_in(email(world.here.hub_carer)) as hub_carer:
            refused = accept_respite_request.sync(request["id"], client=hub_carer, if_match='"9"')
            wrong = list_households.sync(client=hub_carer, limit=9_999)
        assert isinstance(refused, client.models.Problem)
        assert (refused.status, refused.code) == (412, "changed_meanwhile")
        assert wrong.errors["limit"] == ["Please choose 1 to 200."]

    def test_reads_as_a_person_would_have_written_it(self, generated):
        named = {path.stem for path in generated.glob("api/*/[a-z]*.py")}
        expected = {
            "".join(f"_{char.lower()}" if char.isupper() else char for char in found["operationId"])
            for operations in contract()["paths"].values()
            for method, found in operations.items()
            if method != "parameters"
        }
        assert named == expected
        models = {path.stem for path in generated.glob("models/[a-z]*.py")}
        # The generator numbers what has no name of its own.
        assert not [name for name in models if "type_" in name or name[-1].isdigit()]
        assert not {"error", "pagination_metadata"} & models  # the framework's own

    def test_types_every_field(self, generated):
        untyped = {
            f"{model.name}.{field.target.id}: {ast.unparse(field.annotation)}"
            for path in generated.glob("models/[a-z]*.py")
            for model in ast.parse(path.read_text()).body
            if isinstance(model, ast.ClassDef)
            for field in model.body
            if isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and field.target.id != "additional_properties"
            and "Any" in ast.unparse(field.annotation)
        }
        assert untyped == set()
