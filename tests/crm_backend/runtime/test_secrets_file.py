from pathlib import Path

from crm_backend.runtime.secrets_file import NAMES, apply_secrets, ensure_secrets


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = ensure_secrets(tmp_path)
    assert ensure_secrets(tmp_path) == first
    assert set(first) == set(NAMES)
    assert len(set(first.values())) == len(NAMES)


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_a_missing_secret_is_added_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("CLAIMS_KEY=mine\n")
    found = ensure_secrets(tmp_path)
    assert found["CLAIMS_KEY"] == "mine"
    assert len(found["CRM_SERVICE_TOKEN"]) >= 32


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env = {"CLAIMS_KEY": "from the environment"}
    apply_secrets(tmp_path, env)
    assert env["CLAIMS_KEY"] == "from the environment"
    assert set(env) == set(NAMES)
