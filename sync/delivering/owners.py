"""Who registered webhooks, by the keys that there are now: a key that is withdrawn takes what it may hear along."""

from pathlib import Path

import structlog

from runtime.settings import Settings, SettingsError, reread_keys

Stamp = tuple[int, int, int]


class Owners:
    """The role of whoever has a key of a name. What `look` finds counts from then on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._roles = _roles(settings)
        self._seen: Stamp | None = None

    def role_of(self, name: str) -> str | None:
        """None where nobody has a key of this name."""
        return self._roles.get(name)

    def look(self) -> None:
        """Reads the file of keys, where there is one and it has changed; it may take a moment of the disk's.

        While it can't be used, as when it is just being written, those that it held before stay.
        """
        if self._settings.keys_file is None:
            return
        stamp = _stamp(Path(self._settings.keys_file))
        if stamp == self._seen:
            return
        try:
            self._roles = _roles(reread_keys(self._settings))
        except SettingsError as error:
            structlog.get_logger().warning("the file of keys can't be used: owners stay as they were", why=str(error))
        self._seen = stamp


def _roles(settings: Settings) -> dict[str, str]:
    return {key.name: key.role for key in settings.keys}


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
