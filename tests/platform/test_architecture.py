"""The rules of the code's shape, checked on the code itself."""

import ast
from pathlib import Path

import pytest
from flask import Flask

from hub_api import openapi
from hub_api.access import PUBLIC, Permission
from hub_api.accounts.schemas import LoginIn
from hub_api.api import Blueprint, no_object
from hub_api.declarations import (
    UndeclaredRoute,
    refuse_undeclared_routes,
    refuse_undeclared_slices,
)

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "hub_api"
LONGEST_FILE, LONGEST_FUNCTION = 400, 40

ORDER = {
    "accounts": {"audit"},
    "audit": {"accounts"},
    "notifications": {"accounts", "audit", "tasks"},
    "tasks": {"accounts", "audit"},
    "constellations": {"accounts", "audit", "notifications", "tasks"},
    "households": {"accounts", "constellations", "audit", "notifications", "tasks"},
    "consents": {"accounts", "constellations", "households", "audit", "notifications", "tasks"},
    "break_glass": {
        "accounts", "constellations", "households", "audit", "notifications", "tasks"
    },
    "sleepovers": {
        "accounts", "constellations", "households", "consents", "audit", "notifications", "tasks"
    },
    "respite": {
        "accounts", "constellations", "households", "consents", "sleepovers", "audit",
        "notifications", "tasks",
    },
    "packs": {
        "accounts", "constellations", "households", "break_glass", "sleepovers", "respite",
        "audit", "notifications", "tasks",
    },
    "care": {
        "accounts", "constellations", "households", "consents", "sleepovers", "respite", "packs",
        "audit", "notifications", "tasks",
    },
    "concerns": {
        "accounts", "constellations", "households", "audit", "notifications", "tasks"
    },
    "emergencies": {
        "accounts", "constellations", "households", "sleepovers", "respite", "audit",
        "notifications", "tasks",
    },
    "sync": {
        "constellations", "households", "sleepovers", "respite", "notifications", "tasks"
    },
    "operations": {"notifications"},
}  # fmt: skip
"""Which slices a slice may import."""

DOORS = {"service", "changes", "schemas"}
"""What a slice may import of another: what it does, announces, and answers with."""

MORE_DOORS = {
    "accounts": {"reaching", "sessions"},
    "notifications": {"categories", "opening"},
    "tasks": {"kinds"},
    "packs": {"prescribed"},
    "sleepovers": {"asked", "beds", "checks", "facts"},
}
"""Plain words and plain functions that are a slice's language: what a stay is judged by, and how
children are put into beds, without a database."""

MAY_IMPORT_FLASK = {"__init__", "api", "edges", "errors", "routes", "pages", "tokens"}
"""`edges` and `tokens` hook the framework and wrap flask-jwt-extended; the rest is services."""

MADE_FOR_OTHERS: set[str] = set()
"""Functions that something else than our own code calls by their name."""

MAY_NAME_TABLES = {"child_keys.py"}
"""Below every slice, and made for one table of theirs: keys are seen where their children are."""

CHANNEL_LIBRARIES = {
    "firebase_admin": "hub_api/notifications/fcm.py",
    "google": "hub_api/notifications/fcm.py",
}
"""The one file that may import a service's library: everything else speaks of channels."""

SOURCES = sorted(PACKAGE.rglob("*.py"))
OURS = [*SOURCES, *sorted((ROOT / "seed").rglob("*.py")), *sorted((ROOT / "tests").rglob("*.py"))]


def slice_of(path: Path) -> str | None:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else None


def imports_of(path: Path) -> set[str]:
    """Every module and name a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_slice_has_its_place_in_the_order():
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ORDER)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
class TestEverySource:
    def test_imports_only_slices_before_it(self, path):
        mine = slice_of(path)
        if mine is None:
            return
        for imported in imports_of(path):
            parts = imported.split(".")
            if parts[0] == "hub_api" and len(parts) > 1 and parts[1] in ORDER:
                assert parts[1] == mine or parts[1] in ORDER[mine], imported

    def test_enters_a_neighbour_by_its_doors(self, path):
        mine = slice_of(path)
        if mine is None:
            return
        for imported in imports_of(path):
            parts = imported.split(".")
            if parts[0] == "hub_api" and len(parts) > 2 and parts[1] in ORDER:
                assert parts[1] == mine or parts[2] in DOORS | MORE_DOORS.get(parts[1], set()), (
                    imported
                )

    def test_reaches_around_the_order_by_no_tables_name(self, path):
        if path.name in MAY_NAME_TABLES:
            return
        named = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        }
        assert not named & {"sa.table", "table", "sqlalchemy.table", "sa.TableClause"}

    def test_imports_flask_only_at_the_edge(self, path):
        flask = {name for name in imports_of(path) if name.split(".")[0] == "flask"}
        assert not flask or path.stem in MAY_IMPORT_FLASK

    def test_leaves_a_push_service_to_its_channel(self, path):
        outside = {name.split(".")[0] for name in imports_of(path)}
        owned = {name for name, owner in CHANNEL_LIBRARIES.items() if owner != name_of(path)}
        assert not outside & owned

    def test_does_not_commit(self, path):
        if path.name == "db.py":
            return
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not calls & {"commit", "rollback"}

    def test_leaves_time_zones_to_the_clock(self, path):
        if path.name != "clock.py":
            assert not {name for name in imports_of(path) if name.startswith("zoneinfo")}


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_files_and_functions_stay_short(path):
    source = path.read_text()
    assert source.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("name", sorted(set(ORDER) - {"operations"}))
class TestEverySlice:
    def test_says_who_sees_its_rows(self, name):
        if not (PACKAGE / name / "routes.py").exists():
            return
        policy = ast.parse((PACKAGE / name / "policy.py").read_text())
        functions = {node.name for node in policy.body if isinstance(node, ast.FunctionDef)}
        assert "visible_to" in functions

    def test_has_no_empty_files(self, name):
        assert all(path.read_text().strip() for path in (PACKAGE / name).glob("*.py"))


def test_has_no_function_that_only_tests_call():
    """What a framework calls is known by its decorator."""
    trees = [ast.parse(path.read_text()) for path in (*SOURCES, *(ROOT / "seed").rglob("*.py"))]
    called = {
        node.id if isinstance(node, ast.Name) else node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute)
    }
    functions = {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.decorator_list
    }
    assert functions - called == MADE_FOR_OTHERS


class TestEveryRoute:
    def test_an_app_with_an_undeclared_route_does_not_start(self):
        careless = Flask("careless", static_folder=None)
        careless.add_url_rule("/open", view_func=lambda: "children's names")
        with pytest.raises(UndeclaredRoute, match="/open"):
            refuse_undeclared_routes(careless)

    def test_an_app_that_reads_the_body_before_it_asks_who_sends_it_does_not_start(self):
        slice_ = Blueprint("careless", __name__)

        @slice_.route("/open", methods=["POST"])
        @slice_.arguments(LoginIn())
        @slice_.allow(Permission.OWN_ACCOUNT)
        @slice_.response(204, replay=no_object)
        def open_door(_body):
            """Let anybody in."""

        careless = Flask("careless", static_folder=None)
        careless.register_blueprint(slice_)
        with pytest.raises(UndeclaredRoute, match="right after the route"):
            refuse_undeclared_routes(careless)

    def test_every_decision_says_which_version_was_seen(self, app):
        for rule in app.url_map.iter_rules():
            if "POST" in rule.methods and "<" in rule.rule:
                marks = openapi.marks(app.view_functions[rule.endpoint])
                assert "if_match" in marks or "unversioned" in marks, rule.rule

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_an_app_that_overwrites_what_nobody_has_seen_does_not_start(self, method):
        slice_ = Blueprint("careless", __name__)

        @slice_.route("/name", methods=[method])
        @slice_.allow(Permission.OWN_ACCOUNT)
        @slice_.response(204)
        def overwrite():
            """Overwrite."""

        careless = Flask("careless", static_folder=None)
        careless.register_blueprint(slice_)
        with pytest.raises(UndeclaredRoute, match="if_match"):
            refuse_undeclared_routes(careless)

    @pytest.mark.parametrize("policy", ["", "visible_to = None"])
    def test_an_app_with_a_slice_that_does_not_say_who_sees_its_rows_does_not_start(
        self, policy, tmp_path, monkeypatch
    ):
        package = tmp_path / f"careless{len(policy)}"
        package.mkdir()
        (package / "__init__.py").touch()
        (package / "policy.py").write_text(policy)
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(UndeclaredRoute, match="visible_to"):
            refuse_undeclared_slices([Blueprint("careless", f"{package.name}.routes")])

    def test_only_logging_in_and_the_operators_pages_are_public(self, app):
        public = {
            rule.rule
            for rule in app.url_map.iter_rules()
            if openapi.marks(app.view_functions[rule.endpoint])["permission"] == PUBLIC
        }
        assert public == {
            "/api/v1/auth/activate",
            "/api/v1/auth/login",
            "/api/v1/auth/refresh",
            "/api/v1/openapi.json",
            "/docs",
            "/docs/start.js",
            "/docs/assets/<path:name>",
            "/healthz",
            "/readyz",
            "/metrics",
            "/consent/<token>",
            "/consent/assets/page.css",
        }
