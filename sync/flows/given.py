"""What callers give that is more than text: records by their ids, and days."""

from datetime import date

from schema.errors import BadUserInput
from schema.ids import RecordKey
from sync.desk import RefusalCode
from sync.firm import Firm
from sync.process import refused

MOST_YEARS = 50
"""How far from today a day of the firm's business can be, either way."""


def named(firm: Firm, type_name: str, record_id: str, *path: str) -> RecordKey:
    """The record that a global id names; Refused, at `path`, where it can be none of that type in this firm."""
    try:
        return firm.key(type_name, record_id)
    except BadUserInput as error:
        raise refused(RefusalCode.INVALID, error.detail, *path) from None


def sensible(day: date | None, today: date, *path: str) -> None:
    """Refused for a day that nobody can mean."""
    if day is not None and abs(day.year - today.year) > MOST_YEARS:
        message = f"{day} is more than {MOST_YEARS} years from today: check the year."
        raise refused(RefusalCode.INVALID, message, *path)
