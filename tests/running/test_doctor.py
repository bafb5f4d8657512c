"""`hub doctor`, `hub migrate` and `hub seed` on a database of one's own."""

import dataclasses

import psycopg
import pytest

from hub_api import data_keys, embedded, migrate, token_keys
from hub_api import settings as hub_settings
from tests.running.program import addresses, hub, hub_in_process


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch):
    """Give the process its settings back: a command in it takes its own."""
    monkeypatch.setattr(hub_settings, "_current", None)


@pytest.fixture
def data_dir(tmp_path):
    token_keys.rotate_token_keys(tmp_path / "keys.json")
    data_keys.make_secrets(tmp_path / "data-keys.json")
    return tmp_path


@pytest.fixture
def urls(make_database):
    return make_database("hub_doctor")


@pytest.fixture
def examine(data_dir, urls):
    """Run the doctor; returns its exit code and each finding as (verdict, part, words)."""

    def run(found_at=urls, **settings):
        finished = hub_in_process(
            "doctor", HUB_DATA_DIR=data_dir, **addresses(found_at), **settings
        )
        assert finished.stderr == ""
        findings = [tuple(line.split(maxsplit=2)) for line in finished.stdout.splitlines()]
        return finished.exit_code, findings

    return run


def failing(findings):
    return [(verdict, part) for verdict, part, _ in findings if verdict not in ("ok", "off")]


class TestTheDoctor:
    def test_finds_a_healthy_hub_healthy(self, examine):
        code, findings = examine()
        assert (code, failing(findings)) == (0, [])
        assert [part for verdict, part, _ in findings if verdict == "ok"] == [
            "keys", "anchor", "database", "migrations", "jobs", "deliveries", "database", "sealing",
            "database", "data-keys",
        ]  # fmt: skip
        assert [part for verdict, part, _ in findings if verdict == "off"] == [
            "fcm", "webpush", "email", "sms", "push",
        ]  # fmt: skip
        assert ("off", "fcm", "no credentials") in findings

    def test_names_a_channel_at_fault(self, examine, urls, tmp_path):
        with psycopg.connect(urls.migration) as connection:
            connection.execute(
                "insert into channel_faults values ('fcm', 'key_revoked', now(), 0, now())"
            )
        account = tmp_path / "account.json"
        account.touch(mode=0o600)
        code, findings = examine(HUB_FCM_CREDENTIALS_FILE=account)
        assert (code, failing(findings)) == (1, [("missing", "fcm")])
        assert "key_revoked" in str(findings)

    @pytest.mark.parametrize(
        ("part", "setting"),
        [
            ("fcm-key", "HUB_FCM_CREDENTIALS_FILE"),
            ("vapid-key", "HUB_VAPID_KEY_FILE"),
            ("notify-key", "HUB_NOTIFY_KEY_FILE"),
        ],
    )
    def test_looks_at_the_key_files_of_the_channels(self, examine, tmp_path, part, setting):
        path = tmp_path / "channel.key"
        code, findings = examine(**{setting: path})
        assert (code, failing(findings)) == (1, [("missing", part)])
        assert f"{path} can't be read" in str(findings)
        path.touch(mode=0o600)
        code, findings = examine(**{setting: path})
        assert code == 0
        assert ("ok", part, f"in {path}") in findings
        path.chmod(0o640)
        code, findings = examine(**{setting: path})
        assert (code, failing(findings)) == (1, [("unsafe", part)])
        assert f"chmod 600 {path}" in str(findings)

    @pytest.mark.parametrize(
        ("part", "role"), [("api", "postgres"), ("api", "hub_owner"), ("worker", "postgres")]
    )
    def test_warns_of_a_role_above_the_policies(self, examine, urls, part, role):
        above = getattr(urls, part).replace(f"hub_{part}@", f"{role}@")
        code, findings = examine(dataclasses.replace(urls, **{part: above}))
        assert (code, failing(findings)) == (1, [("unsafe", "database")])
        (words,) = [words for verdict, _, words in findings if verdict == "unsafe"]
        assert words.startswith(f"the {part} role {role} ")
        assert "give it one that is neither" in words

    def test_warns_of_keys_that_others_can_read(self, examine, data_dir):
        (data_dir / "keys.json").chmod(0o640)
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("unsafe", "keys")])
        assert f"chmod 600 {data_dir}/keys.json" in findings[0][2]

    def test_misses_keys(self, examine, data_dir):
        (data_dir / "keys.json").unlink()
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("missing", "keys")])
        assert "hub keys rotate" in findings[0][2]

    def test_warns_of_data_keys_that_others_can_read(self, examine, data_dir):
        (data_dir / "data-keys.json").chmod(0o640)
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("unsafe", "data-keys")])

    def test_misses_data_keys_that_are_lost_or_damaged(self, examine, data_dir):
        (data_dir / "data-keys.json").write_text("{}")
        assert examine()[0] == 1
        (data_dir / "data-keys.json").unlink()
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("missing", "data-keys")])
        assert "Restore the file from its backup" in findings[-1][2]

    def test_misses_the_data_keys_of_this_database(self, examine, data_dir, urls):
        """Another hub's file is as good as none, and looks whole."""
        settings = {"HUB_DATA_DIR": data_dir, **addresses(urls)}
        assert hub_in_process("seed", **settings).exit_code == 0
        assert examine()[0] == 0
        (data_dir / "data-keys.json").unlink()
        data_keys.make_secrets(data_dir / "data-keys.json")
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("missing", "data-keys")])
        assert "not those of this database" in findings[-1][2]

    def test_misses_somebody_to_tell_of_a_record_opened(self, examine, urls):
        """Nobody to tell: one programme manager, and no liaison worker in that place."""
        with psycopg.connect(urls.migration) as connection:
            for name in ("Alder", "Birch"):
                connection.execute(
                    "insert into constellations (id, version, name)"
                    " values (gen_random_uuid(), 1, %s)",
                    [name],
                )
            for role, place in (("programme_manager", None), ("liaison_worker", "Birch")):
                connection.execute(
                    "with who as (insert into accounts (id, version, email, display_name,"
                    " is_active, created_at) values"
                    " (gen_random_uuid(), 1, %(role)s, '', true, now())"
                    " returning id) insert into role_grants (id, account_id, role, starts_on,"
                    " constellation_id) select gen_random_uuid(), id, %(role)s, '2026-01-01',"
                    " (select c.id from constellations c where c.name = %(place)s) from who",
                    {"role": role, "place": place},
                )
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("missing", "break-glass")])
        (words,) = [words for _, part, words in findings if part == "break-glass"]
        assert "Alder" in words
        assert "Birch" not in words
        with psycopg.connect(urls.migration) as connection:
            connection.execute(
                "update role_grants set constellation_id = null, role ="
                " 'on_call_manager' where role = 'liaison_worker'"
            )
        assert examine()[0] == 0

    def test_misses_an_anchor_that_can_not_be_added_to(self, examine, data_dir):
        (data_dir / "audit-anchor.log").mkdir()
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("missing", "anchor")])
        assert "HUB_AUDIT_ANCHOR_FILE" in str(findings)

    def test_misses_a_worker_that_seals(self, examine, urls):
        with psycopg.connect(urls.migration) as connection:
            connection.execute(
                """insert into audit_events (id, at, action, outcome, request_id, changed)
                   values (gen_random_uuid(), now() - interval '2 minutes', '', 'done', '', '{}')"""
            )
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("missing", "sealing")])
        assert "is a worker up?" in str(findings)

    def test_names_a_setting_it_does_not_know(self, examine):
        code, findings = examine(HUB_LONGEST_STAYS=5)
        assert (code, failing(findings)) == (1, [("unsafe", "settings")])
        assert "HUB_LONGEST_STAYS" in findings[0][2]

    def test_misses_the_schema_of_an_empty_database(self, examine, server):
        embedded.create_database(server.url(), "hub_doctor_empty")
        code, findings = examine(server.urls("hub_doctor_empty"))
        assert (code, failing(findings)) == (1, [("missing", "migrations"), ("missing", "sealing")])

    def test_misses_the_newest_migration(self, examine, urls, data_dir):
        assert (
            hub_in_process(
                "migrate", "--to", "0004", HUB_DATA_DIR=data_dir, **addresses(urls)
            ).exit_code
            == 0
        )
        code, findings = examine()
        assert (code, failing(findings)) == (1, [("missing", "migrations"), ("missing", "sealing")])
        assert "hub migrate" in str(findings)

    def test_misses_a_database_that_does_not_answer(self, examine, urls):
        nowhere = "postgresql://hub_api@127.0.0.1:1/hub"
        code, findings = examine(dataclasses.replace(urls, api=nowhere))
        assert (code, failing(findings)) == (1, [("missing", "database")])

    def test_looks_into_the_folder_of_a_running_hub(self, running_hub):
        finished = hub("doctor", HUB_DATA_DIR=running_hub.data_dir)
        assert finished.returncode == 0, finished.stdout
        with running_hub.http() as http:
            assert http.get("/readyz").status_code == 200

    def test_says_that_the_database_is_embedded(self, running_hub):
        assert "(embedded)" in hub("doctor", HUB_DATA_DIR=running_hub.data_dir).stdout

    def test_of_a_folder_without_a_hub_says_how_to_make_one(self, tmp_path):
        finished = hub("doctor", HUB_DATA_DIR=tmp_path / "new")
        assert finished.returncode == 1
        assert "`hub run` makes one" in finished.stdout
        assert not (tmp_path / "new").exists()


class TestMigrate:
    def test_goes_down_to_nothing_and_up_again(self, urls, data_dir, examine):
        settings = {"HUB_DATA_DIR": data_dir, **addresses(urls)}
        down = hub_in_process("migrate", "--to", "base", **settings)
        assert (down.exit_code, down.stdout) == (0, "The schema is at base.\n")
        assert migrate.current(urls.migration) is None
        up = hub_in_process("migrate", **settings)
        assert (up.exit_code, up.stdout) == (0, f"The schema is at {migrate.newest()}.\n")
        assert examine()[0] == 0


class TestSeed:
    def test_fills_an_empty_database_and_refuses_one_that_is_not(self, urls, data_dir):
        settings = {"HUB_DATA_DIR": data_dir, **addresses(urls)}
        assert hub_in_process("seed", **settings).exit_code == 0
        logins = (data_dir / "demo-accounts.json").read_text()
        again = hub_in_process("seed", **settings)
        assert again.exit_code == 1
        assert again.stderr == "Error: The database is not empty, so no demo data was added.\n"
        assert (data_dir / "demo-accounts.json").read_text() == logins
