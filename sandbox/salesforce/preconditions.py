"""Conditional requests on rows: entity tags for accounts, modification dates for all.

Source: api_rest `intro_rest_conditional_requests.htm`. Dates compare with LastModifiedDate at one second.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.values import instant_from
from sandbox.store import Record


def entity_tag(record: Record) -> str:
    """`"ddpAdaTHz+Gc...=--gzip"`: changes whenever the record does."""
    seen = "|".join(f"{name}={record[name]}" for name in sorted(record))
    return f'"{b64encode(blake2b(seen.encode(), digest_size=20).digest()).decode()}--gzip"'


def validators(sobject: SObject, record: Record) -> dict[str, str]:
    headers = {"Last-Modified": format_datetime(_modified(record), usegmt=True)}
    if sobject.name == "Account":
        headers["ETag"] = entity_tag(record)
    return headers


def unchanged(sobject: SObject, record: Record, headers: Mapping[str, str]) -> bool:
    """Whether a GET is answered by 304. An unreadable date is no condition."""
    tags = headers.get("if-none-match")
    if tags is not None and sobject.name == "Account":
        return _names(tags, entity_tag(record))
    since = _date(headers.get("if-modified-since"))
    return since is not None and _modified(record) <= since


def require_unchanged(sobject: SObject, record: Record, headers: Mapping[str, str]) -> None:
    """412 when the caller's idea of the record is out of date; 400 for a date that can't be read."""
    wanted = headers.get("if-match")
    if wanted is not None and sobject.name == "Account" and not _names(wanted, entity_tag(record)):
        raise _failed()
    refused = headers.get("if-none-match")
    if refused is not None and sobject.name == "Account" and _names(refused, entity_tag(record)):
        raise _failed()
    for name, fails in (("if-unmodified-since", _later), ("if-modified-since", _not_later)):
        text = headers.get(name)
        if text is None:
            continue
        moment = _date(text)
        if moment is None:
            raise ApiError(400, "INVALID_HTTP_HEADER", f"Invalid date in header {name}: {text}")
        if fails(_modified(record), moment):
            raise _failed()


def _later(modified: datetime, moment: datetime) -> bool:
    return modified > moment


def _not_later(modified: datetime, moment: datetime) -> bool:
    return modified <= moment


def _failed() -> ApiError:
    return ApiError(412, "PRECONDITION_FAILED", "Entity has been modified since the given condition")


def _names(tags: str, tag: str) -> bool:
    plain = tag.replace("--gzip", "")
    given = [each.strip().removeprefix("W/").replace("--gzip", "") for each in tags.split(",")]
    return "*" in given or plain in given


def _modified(record: Record) -> datetime:
    modified = instant_from(record["LastModifiedDate"])
    assert modified is not None
    return modified.replace(microsecond=0)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
