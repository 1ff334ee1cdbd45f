"""Requests for faults, read: the body of `POST /faults`, or why it can't be done."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from sandbox.faults import KINDS, Fault
from sandbox.platform import EmulatedPlatform, RefusedChange
from sandbox.refusals import RefusedRequest, unknown
from sandbox.store import Record
from sandbox.write_faults import OVERWRITE, WRITE_KINDS, WriteFault

_KEYS = ("platform", "kind", "status", "ms", "times", "share", "match", "body")
_WRITE_KEYS = ("platform", "kind", "entity", "field", "value", "times")
_MATCH_KEYS = ("method", "path")


def read_fault(asked: Record, platforms: Mapping[str, EmulatedPlatform], fault_id: str) -> Fault | WriteFault:
    """Raises RefusedRequest for a platform, a kind, a key or a value that there isn't."""
    platform, kind = asked.get("platform"), asked.get("kind")
    if not isinstance(platform, str) or platform not in platforms:
        raise RefusedRequest(404, "UNKNOWN_PLATFORM", unknown("platform", platform, platforms))
    if not isinstance(kind, str) or kind not in (*KINDS, *WRITE_KINDS):
        raise RefusedRequest(422, "UNKNOWN_KIND", unknown("kind of fault", kind, (*KINDS, *WRITE_KINDS)))
    if kind in WRITE_KINDS:
        _require_known(f"a fault of kind {kind}", asked, _WRITE_KEYS)
        return _write_fault(asked, kind, platforms[platform], fault_id)
    _require_known("a fault", asked, _KEYS)
    return _call_fault(asked, kind, platform, fault_id)


def _call_fault(asked: Record, kind: str, platform: str, fault_id: str) -> Fault:
    match = asked.get("match") or {}
    if not isinstance(match, dict):
        raise RefusedRequest(422, "INVALID", "match must be an object with method, path or both")
    _require_known("match", match, _MATCH_KEYS)
    status = _bounded(asked, "status", 100, 599)
    if kind == "status" and status is None:
        raise RefusedRequest(422, "INVALID", "a fault of kind status needs the status to answer, such as 503")
    return Fault(
        id=fault_id,
        platform=platform,
        kind=kind,
        status=status,
        ms=_bounded(asked, "ms", 0, 3_600_000),
        times=_bounded(asked, "times", 1, 1_000_000),
        method=_text(match, "method"),
        path=_text(match, "path"),
        body=asked.get("body"),
        share=_share(asked),
    )


def _write_fault(asked: Record, kind: str, platform: EmulatedPlatform, fault_id: str) -> WriteFault:
    entity, field = asked.get("entity"), asked.get("field")
    if not isinstance(entity, str) or entity not in platform.tables:
        known = unknown(f"entity of {platform.name}", entity, platform.tables)
        raise RefusedRequest(422, "UNKNOWN_ENTITY", known)
    if not isinstance(field, str):
        raise RefusedRequest(422, "INVALID", f"field must be a name of one of {entity}'s fields, not {field!r}")
    if ("value" in asked) is not (kind == OVERWRITE):
        need = "needs the value that the platform sets" if kind == OVERWRITE else "takes no value"
        raise RefusedRequest(422, "INVALID", f"a fault of kind {kind} {need}")
    times = _bounded(asked, "times", 1, 1_000_000)
    try:
        spot = platform.spot(kind, entity, field, asked.get("value"))
    except RefusedChange as refused:
        raise RefusedRequest(422, "INVALID", str(refused)) from refused
    return WriteFault(fault_id, platform.name, kind, entity, field, spot, asked.get("value"), times)


def _require_known(place: str, given: Record, known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise RefusedRequest(422, "UNKNOWN_KEY", unknown(f"key of {place}", name, known))


def _bounded(asked: Record, name: str, low: int, high: int) -> int | None:
    value = asked.get(name)
    if value is None:
        return None
    if type(value) is not int or not low <= value <= high:
        raise RefusedRequest(422, "INVALID", f"{name} must be a whole number from {low} to {high}, not {value!r}")
    return value


def _share(asked: Record) -> float | None:
    value = asked.get("share")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 < value <= 1:
        raise RefusedRequest(422, "INVALID", f"share must be a number above 0, and at most 1, not {value!r}")
    return float(value)


def _text(match: Record, name: str) -> str | None:
    value = match.get(name)
    if value is not None and not isinstance(value, str):
        raise RefusedRequest(422, "INVALID", f"match.{name} must be text, not {value!r}")
    return value
