"""The settings of an installation: one YAML file and the environment, checked as a whole before anything starts."""

from runtime.settings.file import read_settings, reread_keys
from runtime.settings.model import (
    BrokerSettings,
    CacheSettings,
    KeySettings,
    LedgerSettings,
    LimitSettings,
    LogSettings,
    PlatformSettings,
    ServerSettings,
    Settings,
)
from runtime.settings.problems import SettingsError

__all__ = [
    "BrokerSettings",
    "CacheSettings",
    "KeySettings",
    "LedgerSettings",
    "LimitSettings",
    "LogSettings",
    "PlatformSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "read_settings",
    "reread_keys",
]
