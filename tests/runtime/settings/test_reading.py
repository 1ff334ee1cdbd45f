"""Settings come from one YAML file and the environment; what is wrong is told at once, by path and without values."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from runtime.settings import Settings, SettingsError, read_settings

Read = Callable[..., Settings]

WHOLE = """
server: {host: 0.0.0.0, port: 9000, metrics: open}
keys: [{name: portal, role: portal, sha256: "SHA", prefix: cw_portal_ab12}]
platforms:
  salesforce:
    vendor: salesforce
    url: https://acme.my.salesforce.com
    credentials: {client_id: {env: SF_ID}, client_secret: {file: sf.secret}}
    options: {api_version: "62.0"}
  netsuite-emea:
    vendor: netsuite
    url: https://1.suitetalk.api.netsuite.com
    peers: {CRM: salesforce}
roles: {CRM: [salesforce], ERP: [netsuite-emea]}
owners: {Thing.number: ERP}
cache: {url: "redis://localhost:6379/0", keep_seconds: 60}
""".replace("SHA", "a" * 64)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_text(text: str, environ: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "crosswalk.yaml"
        path.write_text(text, encoding="utf-8")
        return read_settings(path, environ=environ or {})

    (tmp_path / "sf.secret").write_text("s3cret\n", encoding="utf-8")
    return read_text


def problems(read: Read, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text, environ)
    return list(caught.value.problems)


def test_a_whole_file_is_read(read: Read) -> None:
    settings = read(WHOLE, {"SF_ID": "id-1"})
    assert settings.server.port == 9000
    assert settings.platforms["salesforce"].credentials["client_id"].get_secret_value() == "id-1"
    assert settings.platforms["salesforce"].credentials["client_secret"].get_secret_value() == "s3cret"
    assert settings.roles == {"CRM": ("salesforce",), "ERP": ("netsuite-emea",)}
    assert settings.platforms["netsuite-emea"].peers == {"CRM": "salesforce"}
    assert settings.cache.url is not None


def test_an_empty_file_is_all_defaults(read: Read) -> None:
    assert read("").model_dump(exclude={"ledger"}) == Settings().model_dump(exclude={"ledger"})


def test_the_ledgers_file_lies_beside_the_settings_file(read: Read, tmp_path: Path) -> None:
    def url(text: str) -> str:
        return read(text).ledger.url.get_secret_value()

    assert url("") == f"sqlite:///{tmp_path}/crosswalk.db"
    assert url("ledger: {url: 'sqlite:///state/ledger.db'}") == f"sqlite:///{tmp_path}/state/ledger.db"
    assert url("ledger: {url: 'sqlite:////srv/ledger.db'}") == "sqlite:////srv/ledger.db"
    assert url("ledger: {url: 'postgresql://app@db/crosswalk'}") == "postgresql://app@db/crosswalk"


@pytest.mark.parametrize("url", ["mysql://db/crosswalk", "crosswalk.db", "sqlite://"])
def test_a_ledger_elsewhere_than_in_a_file_or_postgresql_is_refused(read: Read, url: str) -> None:
    (line,) = problems(read, f"ledger: {{url: '{url}'}}")
    assert line == "ledger.url: must begin with sqlite:/// or postgresql://"


def test_secrets_of_ledger_and_broker_stand_elsewhere(read: Read) -> None:
    text = "{ledger: {url: {env: LEDGER}}, broker: {url: 'redis://:hunter2@localhost'}}"
    (line,) = problems(read, text, {"LEDGER": "postgresql://app:pw@db/crosswalk"})
    assert line.startswith("broker.url: holds a password")
    settings = read("ledger: {url: {env: LEDGER}}", {"LEDGER": "postgresql://app:pw@db/crosswalk"})
    assert settings.ledger.url.get_secret_value() == "postgresql://app:pw@db/crosswalk"


def test_printing_settings_shows_no_secret(read: Read) -> None:
    settings = read(WHOLE, {"SF_ID": "id-1"})
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in settings.model_dump_json()


def test_the_environment_overrides_the_file(read: Read) -> None:
    environ = {
        "SF_ID": "id-1",
        "CROSSWALK_SERVER__PORT": "9100",
        "CROSSWALK_SERVER__EXPLORER": "false",
        "CROSSWALK_PLATFORMS__SALESFORCE__CREDENTIALS__CLIENT_SECRET": "{from: env}",
        "CROSSWALK_PLATFORMS__NETSUITE_EMEA__SLOTS": "3",
        "CROSSWALK_ROLES__ERP": '["netsuite-emea"]',
        "CROSSWALK_CACHE__URL": "redis://:pw@elsewhere:6379/0",
    }
    settings = read(WHOLE, environ)
    assert settings.server.port == 9100
    assert not settings.server.explorer
    assert settings.platforms["salesforce"].credentials["client_secret"].get_secret_value() == "{from: env}"
    assert settings.platforms["netsuite-emea"].slots == 3
    assert settings.cache.url is not None
    assert settings.cache.url.get_secret_value() == "redis://:pw@elsewhere:6379/0"


def test_a_secret_from_the_environment_needs_none_in_the_file(read: Read) -> None:
    environ = {"CROSSWALK_PLATFORMS__SALESFORCE__CREDENTIALS__CLIENT_ID": "direct"}
    assert read(WHOLE, environ).platforms["salesforce"].credentials["client_id"].get_secret_value() == "direct"


def test_names_that_kubernetes_adds_are_left_alone(read: Read) -> None:
    assert read("", {"CROSSWALK_PORT": "tcp://10.0.0.1:80", "CROSSWALK_SERVICE_HOST": "10.0.0.1"}) == read("")


def test_a_misspelt_variable_is_refused_with_the_right_name(read: Read) -> None:
    assert problems(read, "", {"CROSSWALK_SERVER__PROT": "1"}) == [
        "CROSSWALK_SERVER__PROT: there is no such setting (prot); did you mean port?"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("servre: {port: 1}", "servre: there is no such setting; did you mean server?"),
        ("server: {prot: 1}", "server.prot: there is no such setting; did you mean port?"),
        ("server: {port: 99999}", "server.port: input should be less than or equal to 65535"),
        ("server: {port: many}", "server.port: input should be a valid integer"),
        ("server: yes", "server: input should be a valid dictionary"),
        ("limits: {dept: 3}", "limits.dept: there is no such setting; did you mean depth?"),
        ("platforms: {sf: {url: https://a.example}}", "platforms.sf.vendor: missing. Whose product it is"),
        ("platforms: {sf: {vendor: x, url: nonsense}}", "platforms.sf.url: input should be a valid URL"),
        (
            "platforms: {sf: {vendor: x, url: https://a.example, timout_seconds: 3}}",
            "platforms.sf.timout_seconds: there is no such setting; did you mean timeout_seconds?",
        ),
        ("platforms: {Sales Force: {vendor: x, url: https://a.example}}", "platforms.Sales Force: string should match"),
        ("roles: {CMR: [sf]}", "roles.CMR: input should be 'CRM', "),
        ("roles: {CRM: [sf]}", "roles.CRM names 'sf', which is not under platforms (there: none)"),
        ("owners: {number: ERP}", "owners: 'number' is no field; write Type.field"),
        ("keys: [{name: a, role: b, sha256: short}]", "keys.0.sha256: string should match pattern"),
        ("a: 1\na: 2", "line 2, column 1: the key a stands twice"),
        ("a: [1", "is not valid YAML at line 1"),
        ("- a", "must hold settings by name"),
    ],
)
def test_a_mistake_is_told_by_path_with_what_to_do(read: Read, text: str, told: str) -> None:
    assert any(told in line for line in problems(read, text)), problems(read, text)


def test_all_mistakes_are_told_at_once(read: Read) -> None:
    told = problems(read, WHOLE.replace("port: 9000", "prot: 9000").replace("keep_seconds: 60", "keep_seconds: -1"))
    assert sorted(line.partition(":")[0] for line in told) == [
        "cache.keep_seconds",
        "platforms.salesforce.credentials.client_id",
        "server.prot",
    ]


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("hunter2-in-the-open", "a credential never stands in the settings file itself; write {env: NAME}"),
        ("{env: NOT_SET}", "the environment variable NOT_SET is not set"),
        ("{file: missing.secret}", "there is no file"),
        ("{file: empty.secret}", "is empty; put the secret into it"),
        ("{env: A, file: B}", "not understood; write {env: NAME}"),
        ("{vault: hunter2}", "not understood; write {env: NAME}"),
    ],
)
def test_a_secret_that_is_missing_or_in_the_open_is_told_without_it(
    read: Read, tmp_path: Path, reference: str, told: str
) -> None:
    (tmp_path / "empty.secret").write_text("\n", encoding="utf-8")
    text = f"platforms: {{sf: {{vendor: x, url: https://a.example, credentials: {{password: {reference}}}}}}}"
    (line,) = problems(read, text)
    assert line.startswith("platforms.sf.credentials.password: ")
    assert told in line
    assert "hunter2" not in line


def test_a_cache_url_with_a_password_in_the_open_is_refused_without_it(read: Read) -> None:
    (line,) = problems(read, "cache: {url: 'redis://:hunter2@localhost:6379'}")
    assert line.startswith("cache.url: holds a password")
    assert "hunter2" not in line


def test_no_mistake_shows_the_value_of_a_secret(read: Read) -> None:
    environ = {"CROSSWALK_CACHE__URL": "http://:hunter2@localhost"}
    assert not any("hunter2" in line for line in problems(read, "", environ))


def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no settings file .*copy crosswalk\.example\.yaml"):
        read_settings(tmp_path / "none.yaml", environ={})


def test_keys_may_stand_in_a_file_of_their_own(read: Read, tmp_path: Path) -> None:
    entry = f"{{name: portal, role: portal, sha256: {'b' * 64}}}"
    (tmp_path / "keys.yaml").write_text(f"- {entry}\n", encoding="utf-8")
    assert [key.name for key in read("keys_file: keys.yaml").keys] == ["portal"]
    twice = problems(read, f"keys_file: keys.yaml\nkeys: [{entry}]")
    assert twice == ["keys: the name 'portal' is given twice"]


def test_a_file_of_keys_that_is_not_there_is_told(read: Read) -> None:
    (line,) = problems(read, "keys_file: none.yaml")
    assert line.startswith("keys_file: there is no file")
