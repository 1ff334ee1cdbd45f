"""Tells how feeds stand, to a person or to a program."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sync.ledger.port_of_changes import Feed

_HEAD = ("feed", "status", "lag", "last round", "interval", "rows", "changes", "gone", "missed", "cursor")


def as_document(feeds: Sequence[Feed], now: datetime) -> str:
    """A JSON list; `lagSeconds` is null for a feed that has come to no end of a round yet."""
    told = [
        {
            "name": feed.name,
            "platform": feed.platform,
            "status": _status(feed, now),
            "lagSeconds": _behind(feed, now),
            "reachedAt": feed.reached_at,
            "lastRoundAt": feed.round_at,
            "nextAt": feed.next_at,
            "intervalSeconds": feed.interval,
            "failures": feed.failures,
            "error": feed.error,
            "backfill": feed.backfill,
            "counts": feed.counts,
            "position": feed.position,
        }
        for feed in feeds
    ]
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def lines(feeds: Sequence[Feed], now: datetime) -> Iterator[str]:
    """A table, and below it what went wrong."""
    if not feeds:
        yield "No feed has begun yet: start the gateway, or `crosswalk worker` where jobs go over Redis."
        return
    rows = [_HEAD, *(_row(feed, now) for feed in feeds)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for feed in feeds:
        if feed.error is not None:
            yield f"! {feed.name} failed {feed.failures} times, tries again at {feed.next_at:%H:%M:%S}: {feed.error}"


def _row(feed: Feed, now: datetime) -> tuple[str, ...]:
    behind = _behind(feed, now)
    counts = [str(feed.counts.get(name, 0)) for name in ("rows", "changes", "deletions", "holes")]
    return (
        feed.name,
        _status(feed, now),
        "-" if behind is None else _duration(behind),
        "-" if feed.round_at is None else f"{_duration((now - feed.round_at).total_seconds())} ago",
        f"{feed.interval:g}s",
        *counts,
        _cursor(feed),
    )


def _status(feed: Feed, now: datetime) -> str:
    if feed.paused:
        return "paused"
    if feed.failures:
        return "failing"
    if feed.backfill is not None:
        return "backfill"
    return "at work" if feed.taken_until is not None and feed.taken_until > now else "waiting"


def _behind(feed: Feed, now: datetime) -> float | None:
    return None if feed.reached_at is None else max(0.0, (now - feed.reached_at).total_seconds())


def _cursor(feed: Feed) -> str:
    """The newest stamp that was seen; of a log, whatever the platform calls a place."""
    position: Any = feed.position
    if not isinstance(position, dict):
        return "-" if position is None else str(position)[:40]
    live = position.get("live")
    if isinstance(live, dict):
        return str(live.get("high") or "-")
    if "scan" in position:
        return f"scan {(position['scan'] or {}).get('rounds', 0)}"
    return msgspec.json.encode(position).decode()[:40]


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f}s"
    minutes = round(seconds / 60)
    return f"{minutes}m" if minutes < 120 else f"{minutes // 60}h{minutes % 60:02}m"
