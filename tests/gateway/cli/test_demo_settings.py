"""The demo's settings are those of a real installation: valid, private, and without a secret in the file."""

from pathlib import Path

from gateway.cli.demo_settings import write_settings
from gateway.cli.edge_settings import edge_options, key_ring
from gateway.cli.key_entries import ROLES, keys_per_role
from gateway.cli.private_files import write_private
from runtime.settings import Settings, read_settings

PLATFORMS = {
    "salesforce": {
        "vendor": "salesforce",
        "role": "CRM",
        "url": "http://127.0.0.1:9401",
        "credentials": {"client_id": "id-1", "client_secret": "hunter2"},
    },
    "netsuite": {"vendor": "netsuite", "role": "ERP", "url": "http://127.0.0.1:9403", "credentials": {"account": "1"}},
}


def test_the_demo_writes_settings_that_read_back(tmp_path: Path) -> None:
    keys, entries = keys_per_role()
    path = write_settings(tmp_path, PLATFORMS, entries, webhooks={"netsuite": "whsec_c2VjcmV0"})
    settings = read_settings(path, environ={})
    assert settings.webhooks["netsuite"].secrets["demo"].get_secret_value() == "whsec_c2VjcmV0"
    assert "whsec_" not in path.read_text(encoding="utf-8")
    assert settings.roles == {"CRM": ("salesforce",), "ERP": ("netsuite",)}
    assert settings.platforms["salesforce"].credentials["client_secret"].get_secret_value() == "hunter2"
    assert "hunter2" not in path.read_text(encoding="utf-8")
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
    ring = key_ring(settings)
    for role in ROLES:
        holder = ring.holder(keys[role])
        assert holder is not None
        assert holder.role == role


def test_a_private_file_replaces_an_earlier_one_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text("earlier and longer", encoding="utf-8")
    write_private(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_edges_own_defaults_are_those_of_the_settings() -> None:
    """A limit is documented in one place and kept in another; both must say the same."""
    from gateway.options import EdgeOptions

    assert edge_options(Settings()) == EdgeOptions()
