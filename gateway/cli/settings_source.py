"""Reads the settings for a command, or says what is wrong with them."""

import os
from pathlib import Path

from gateway.cli.refusal import Refusal
from runtime.settings import Settings, SettingsError, read_settings


def settings_from(config: Path) -> Settings:
    """The checked settings; every problem is a line of the refusal."""
    try:
        return read_settings(config, environ=os.environ)
    except SettingsError as error:
        raise Refusal(*error.problems) from None
