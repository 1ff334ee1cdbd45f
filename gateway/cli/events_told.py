"""Tells an event, to a person or to a program."""

from collections.abc import Mapping
from typing import Any

import msgspec

from sync.ledger.records import Event

_LONGEST = 60


def as_document(event: Event) -> str:
    return msgspec.json.encode(event).decode()


def line(event: Event) -> str:
    """Cursor, time, kind, and what became of what."""
    payload: Mapping[str, Any] = event.payload if isinstance(event.payload, Mapping) else {}
    told = _change(payload) if event.kind.startswith("record.") else _plain(event.subject, payload)
    return f"{event.cursor:>8}  {event.at:%Y-%m-%d %H:%M:%S}  {event.kind:<22} {told}"


def _change(payload: Mapping[str, Any]) -> str:
    where = f"{payload.get('platform')} {payload.get('external_id')}"
    if payload.get("gone"):
        into = payload.get("into")
        return f"{where} {f'merged into {into}' if into else 'gone'}"
    changes = payload.get("changes") or {}
    what = "new: " if payload.get("first") else ""
    told = ", ".join(_turn(path, *pair, first=bool(payload.get("first"))) for path, pair in sorted(changes.items()))
    run = f"  (run {payload['run']})" if payload.get("run") else ""
    return f"{where} {what}{told}{run}"


def _turn(path: str, before: Any, after: Any, *, first: bool) -> str:
    return f"{path} {_short(after)}" if first else f"{path} {_short(before)} -> {_short(after)}"


def _plain(subject: str, payload: Mapping[str, Any]) -> str:
    return f"{subject} " + ", ".join(f"{name} {_short(value)}" for name, value in payload.items() if value is not None)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
