"""What an installation may set: the shape of `crosswalk.yaml`, with the meaning, unit and default of every setting."""

from typing import Annotated, Any, Literal

from pydantic import (
    AnyHttpUrl,
    Field,
    PrivateAttr,
    SecretStr,
    UrlConstraints,
    field_validator,
    model_validator,
)

from runtime.settings.happenings import (
    FeedsSettings,
    HooksSettings,
    ReconciliationSettings,
    RetentionSettings,
    RuleMode,
    WebhookSettings,
)
from runtime.settings.section import Section

Role = Literal["CRM", "CLM", "PSA", "BILLING", "ERP", "HRIS"]
PlatformName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:\d{1,5})?$")]
BaseUrl = Annotated[AnyHttpUrl, UrlConstraints(max_length=500)]


class ServerSettings(Section):
    host: str = Field(default="127.0.0.1", description="Address that the gateway listens on. `0.0.0.0` in a container.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port that the gateway listens on; 0 picks a free one.")
    metrics: Literal["key", "open"] = Field(
        default="key", description="Who may read `/metrics`: `key` asks for any valid key, `open` for none."
    )
    explorer: bool = Field(
        default=True, description="Serves the GraphiQL page at `/`. It loads nothing from elsewhere."
    )
    introspection: bool = Field(default=True, description="Lets callers with a key read the schema through GraphQL.")
    allowed_origins: tuple[Origin, ...] = Field(
        default=(),
        description="Pages of other hosts that may open a WebSocket, such as `https://portal.example`; those of the "
        "gateway's own host always may.",
    )
    wall_clock_seconds: float = Field(
        default=10.0,
        gt=0,
        le=300,
        description="Seconds that one operation may take in all; what is missing by then is an error.",
    )


class KeySettings(Section):
    name: str = Field(min_length=1, max_length=80, description="Who holds the key; shown in logs and metrics.")
    role: str = Field(pattern=r"^[a-z_]{1,40}$", description="What the holder is, such as `portal` or `admin`.")
    sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of the key in hexadecimal, as `crosswalk keys new` prints it; the key is stored nowhere.",
    )
    prefix: str = Field(
        default="",
        max_length=40,
        description="The key's first characters, by which people recognise it in lists.",
    )


class PlatformSettings(Section):
    vendor: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Whose product it is, such as `salesforce`.")
    url: BaseUrl = Field(description="Where the platform's API answers, without a path behind the host.")
    timeout_seconds: float = Field(
        default=8.0, gt=0, le=300, description="Seconds that one call may take before its fields are given up."
    )
    slots: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Calls that may be in flight at once; keep below what the vendor's licence allows.",
    )
    credentials: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="What the vendor's login asks for, each as `{env: NAME}` or `{file: PATH}`; see the vendor's page.",
    )
    options: dict[str, Any] = Field(
        default_factory=dict,
        description="The vendor's own settings, such as field names of this firm; see the vendor's page.",
    )
    peers: dict[Role, PlatformName] = Field(
        default_factory=dict,
        description="Which platform's keys this one stores per role, where a role has several platforms.",
    )


class CacheSettings(Section):
    url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey that all gateways share (`redis://`, `rediss://`, `unix://`); without it each "
        "process keeps its own cache. With a password in it: `{env: NAME}` or `{file: PATH}`.",
    )
    max_entries: int = Field(default=50_000, ge=0, description="Records kept in a process's own cache; 0 keeps none.")
    keep_seconds: float = Field(
        default=300.0, ge=0, description="Seconds that a record is kept for `@freshness(maxAge, staleIfError)` to use."
    )

    @field_validator("url")
    @classmethod
    def _speaks_redis(cls, url: SecretStr | None) -> SecretStr | None:
        return _of_redis(url)


class LedgerSettings(Section):
    url: SecretStr = Field(
        default=SecretStr("sqlite:///crosswalk.db"),
        validate_default=True,
        description="The database that holds all runs: `sqlite:///PATH` (relative to the settings file's folder), or "
        "`postgresql://USER@HOST/NAME`. With a password in it: `{env: NAME}` or `{file: PATH}`.",
    )

    @field_validator("url")
    @classmethod
    def _names_a_database(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(
            ("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")
        ):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url


class BrokerSettings(Section):
    url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey that hands jobs to workers (`redis://`, `rediss://`, `unix://`); without it the "
        "gateway's own process does them. With a password in it: `{env: NAME}` or `{file: PATH}`.",
    )

    @field_validator("url")
    @classmethod
    def _speaks_redis(cls, url: SecretStr | None) -> SecretStr | None:
        return _of_redis(url)


class LimitSettings(Section):
    body_bytes: int = Field(default=256_000, ge=1_000, description="Largest request body in bytes.")
    tokens: int = Field(default=1_000, ge=10, description="Most tokens in a GraphQL document.")
    depth: int = Field(default=12, ge=1, description="Deepest nesting of fields.")
    aliases: int = Field(default=15, ge=0, description="Most aliases in an operation.")
    root_fields: int = Field(default=20, ge=1, description="Most root fields in an operation.")
    directives: int = Field(default=50, ge=0, description="Most directives in an operation.")
    records: int = Field(
        default=1_000_000,
        ge=500,
        description="Most records that an operation's page sizes may allow for, all multiplied.",
    )
    body_seconds: float = Field(default=10.0, gt=0, description="Seconds for the body of a request to arrive.")
    streams: int = Field(default=10_000, ge=1, description="Most WebSockets and event streams open at once.")
    streams_per_key: int = Field(default=5_000, ge=1, description="Most of them with one key.")


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe entries to write."
    )
    format: Literal["json", "console"] = Field(
        default="json", description="`json` writes one object a line, `console` is for people."
    )


class ServiceSettings(Section):
    kind: str = Field(
        default="",
        pattern=r"^[A-Z_]{0,40}$",
        description="The kind of engagement, as the graph names kinds; without it an ordinary one.",
    )
    tasks: tuple[str, ...] = Field(default=(), description="Names of the tasks that each such engagement begins with.")
    milestones: tuple[str, ...] = Field(
        default=(), description="Names of milestones, where nothing that was agreed says any."
    )
    roles: tuple[str, ...] = Field(
        default=(), description="Who is looked for, by role, where nothing that was agreed has rates for roles."
    )


class WritesSettings(Section):
    approval_hours: float = Field(
        default=72.0, gt=0, le=8760, description="Hours that a decision is waited for before a run is cancelled."
    )
    lease_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="Seconds after which another worker takes over what a worker had that is heard of no more.",
    )


def _of_redis(url: SecretStr | None) -> SecretStr | None:
    if url is not None and not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return url


class Settings(Section):
    """Everything that an installation may set."""

    _of_file: int = PrivateAttr(default=0)
    """How many of the keys, the last ones, `keys_file` brought."""

    server: ServerSettings = Field(default=ServerSettings(), description="How the gateway is reached.")
    keys: tuple[KeySettings, ...] = Field(default=(), description="API keys that guard `/graphql`, each for one role.")
    keys_file: str | None = Field(
        default=None,
        description="A YAML file with more entries like those of `keys`, for keys that change on their own schedule: a "
        "running gateway takes changes on within seconds.",
    )
    platforms: dict[PlatformName, PlatformSettings] = Field(
        default_factory=dict, description="The firm's systems of record, by the name that answers give as their source."
    )
    roles: dict[Role, tuple[PlatformName, ...]] = Field(
        default_factory=dict,
        description="Which platforms play a role (CRM, CLM, PSA, BILLING, ERP, HRIS), first choice first.",
    )
    owners: dict[str, Role] = Field(
        default_factory=dict,
        description="Fields (`Type.field`) that another role owns in this firm than the schema says.",
    )
    services: dict[str, ServiceSettings] = Field(
        default_factory=dict, description="What the firm sells, by service code: how the work for it is set up."
    )
    writes: WritesSettings = Field(default=WritesSettings(), description="How governed writes are carried out.")
    feeds: FeedsSettings = Field(default=FeedsSettings(), description="How changes on the platforms are noticed.")
    webhooks: dict[PlatformName, WebhookSettings] = Field(
        default_factory=dict, description="What platforms may send to `/webhooks/PLATFORM`, by the platform's name."
    )
    hooks: HooksSettings = Field(
        default=HooksSettings(), description="Webhooks that Crosswalk sends to those who registered for them."
    )
    triggers: dict[str, RuleMode] = Field(
        default_factory=dict,
        description="Which rules start runs by themselves when something happens, by the rule's name: `on`, `off`, or "
        "`propose`, where the run waits for a person; one that isn't named is as `docs/triggers.md` says.",
    )
    reconciliation: ReconciliationSettings = Field(
        default=ReconciliationSettings(), description="Comparing what several platforms hold of the same."
    )
    retention: RetentionSettings = Field(default=RetentionSettings(), description="How long things are kept.")
    ledger: LedgerSettings = Field(
        default=LedgerSettings(), description="Where runs, and all that is known of them, are kept."
    )
    broker: BrokerSettings = Field(default=BrokerSettings(), description="How jobs reach workers.")
    cache: CacheSettings = Field(
        default=CacheSettings(), description="Records kept for operations that allow some age."
    )
    limits: LimitSettings = Field(default=LimitSettings(), description="What a request may cost before it is refused.")
    log: LogSettings = Field(default=LogSettings(), description="What is logged, and how.")

    @field_validator("owners")
    @classmethod
    def _name_fields(cls, owners: dict[str, Role]) -> dict[str, Role]:
        for field in owners:
            kind, dot, name = field.partition(".")
            if not (dot and kind.isidentifier() and name.isidentifier()):
                raise ValueError(f"{field!r} is no field; write Type.field")
        return owners

    @model_validator(mode="after")
    def _bound_names_exist(self) -> "Settings":
        known = ", ".join(sorted(self.platforms)) or "none"
        wrong = [
            f"roles.{role} names {name!r}, which is not under platforms (there: {known})"
            for role, names in self.roles.items()
            for name in names
            if name not in self.platforms
        ]
        wrong += [
            f"webhooks.{name}: is not under platforms (there: {known})"
            for name in self.webhooks
            if name not in self.platforms
        ]
        wrong += [f"roles.{role} names no platform" for role, names in self.roles.items() if not names]
        wrong += [
            f"roles.{role} names {name!r} twice"
            for role, names in self.roles.items()
            for name in sorted({name for name in names if names.count(name) > 1})
        ]
        wrong += [
            f"platforms.{name}.peers.{role} names {peer!r}, which is not under platforms (there: {known})"
            for name, platform in self.platforms.items()
            for role, peer in platform.peers.items()
            if peer not in self.platforms
        ]
        names = [key.name for key in self.keys]
        wrong += [
            f"keys: the name {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1})
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def own_keys(self) -> "tuple[KeySettings, ...]":
        """Those that stand in the settings themselves."""
        return self.keys[: len(self.keys) - self._of_file]

    def with_keys(self, keys: "tuple[KeySettings, ...]", *, of_file: int) -> "Settings":
        """The same with these keys, of which the last ones are the file's."""
        found = self.model_copy(update={"keys": keys})
        found._of_file = of_file  # noqa: SLF001 - our own
        return found
