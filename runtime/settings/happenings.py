"""What an installation may set of how changes are noticed, told, acted upon and compared."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from runtime.settings.section import Section


def _as_written(mode: object) -> object:
    """In YAML, bare `on` and `off` are the words for true and false."""
    return {True: "on", False: "off"}.get(mode, mode) if isinstance(mode, bool) else mode


RuleMode = Annotated[Literal["off", "on", "propose"], BeforeValidator(_as_written)]
"""Of a rule: `propose` lets what it would do wait for a person."""


class FeedsSettings(Section):
    enabled: bool = Field(default=True, description="Follows what changes on the platforms by asking them for it.")
    shortest_seconds: float = Field(
        default=5.0, gt=0, le=3600, description="Seconds between two rounds of a feed that has something to tell."
    )
    longest_seconds: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="Seconds between two rounds of a feed that has long had nothing to tell; in between it is asked "
        "less and less often.",
    )
    start: Literal["everything", "now"] = Field(
        default="everything",
        description="What a feed begins with: `everything` looks at all records once, in the background, so that each "
        "change is known with what was before; `now` only at what changes from then on.",
    )
    probe_seconds: float = Field(
        default=300.0,
        gt=0,
        description="Seconds between two looks, at a few records each, for changes that a feed has missed.",
    )


class WebhookSettings(Section):
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="The secrets that a platform, or what sends for it, signs with, by any name, each as "
        "`{env: NAME}` or `{file: PATH}`; several while one is replaced by another.",
    )
    tolerance_seconds: float = Field(
        default=300.0, gt=0, le=86_400, description="How far from now the time in a signature may be."
    )
    body_bytes: int = Field(default=256_000, ge=1_000, le=10_000_000, description="Largest body in bytes.")


class HooksSettings(Section):
    signing_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="What the secrets of webhooks that Crosswalk sends are derived from, 32 random characters or more, "
        "as `{env: NAME}` or `{file: PATH}`; without it none can be registered.",
    )
    allow_private: tuple[str, ...] = Field(
        default=(),
        description="Hosts, or networks such as `10.1.0.0/16`, that webhooks may be sent to although they are private.",
    )
    retry_hours: float = Field(default=72.0, gt=0, le=720, description="Hours that a delivery is tried for.")
    timeout_seconds: float = Field(default=15.0, gt=0, le=60, description="Seconds that a receiver may take.")


class ReconciliationSettings(Section):
    daily_at: str | None = Field(
        default=None,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="The time of the day, in UTC, at which everything is compared; without it only on demand.",
    )
    repair: dict[str, RuleMode] = Field(
        default_factory=dict,
        description="What is done about differences, by comparison: `on` brings them into line by ownership, "
        "`propose` lets a person decide, `off` (the default) raises an exception.",
    )


class RetentionSettings(Section):
    events_days: float = Field(
        default=30.0, gt=0, description="Days that events are kept: how far behind a subscriber may resume."
    )
    snapshots_days: float = Field(
        default=400.0,
        gt=0,
        description="Days that the last known state of a record is kept after it was last looked at.",
    )
    deliveries_days: float = Field(
        default=30.0, ge=1, description="Days that ended deliveries of webhooks, and comparisons, are kept."
    )
