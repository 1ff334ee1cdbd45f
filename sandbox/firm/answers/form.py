"""How values are written in the answer key, as the public contract writes them."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from sandbox.firm.model import Address, Person
from sandbox.firm.money import as_decimal


def money(minor: int, currency: str) -> dict[str, str]:
    return {"amount": f"{as_decimal(minor, currency):f}", "currency": currency}


def plain(number: Decimal) -> str:
    """Without trailing zeros or exponent: 1.50 is `1.5`, 100 is `100`."""
    return f"{number.normalize():f}"


def hours(minutes: int) -> str:
    """Exact for the firm's minutes, which are multiples of three: 90 is `1.5`, 3 is `0.05`."""
    return plain(Decimal(minutes) / 60)


def margin(recognized: int, cost: int) -> str | None:
    """To four places, half away from zero; None where nothing was recognized."""
    if recognized == 0:
        return None
    return plain((Decimal(recognized - cost) / recognized).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def instant(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def full_name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}"


def address(value: Address) -> dict[str, object]:
    return {
        "lines": value.lines,
        "city": value.city,
        "region": value.region,
        "postalCode": value.postal_code,
        "country": value.country,
    }
