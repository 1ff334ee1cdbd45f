"""What a reconciliation found, as rows of a table: for a person, and as CSV that no spreadsheet takes for formulas."""

import csv
import io
import re
from collections.abc import AsyncIterator, Iterator, Sequence

from sync.ledger.port_of_reconciliations import Difference, DifferenceKind, Reconciliation, Reconciliations
from sync.ledger.records import Json

PAGE = 500
COLUMNS = (
    "comparison", "kind", "record", "path", "left_platform", "left_id", "left_value", "right_platform", "right_id",
    "right_value", "diverged_at", "amount", "currency", "repair_run", "explanation",
)  # fmt: skip
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take these too


async def every_difference(ledger: Reconciliations, reconciliation_id: str) -> AsyncIterator[Difference]:
    """In pages, however many there are."""
    after = None
    while True:
        page = await ledger.differences(reconciliation_id, first=PAGE, after=after)
        for _, found in page:
            yield found
        if len(page) < PAGE:
            return
        after = page[-1][0]


def header() -> str:
    return _line(COLUMNS)


def row(comparison: str, found: Difference) -> str:
    """One line of CSV, its end included."""
    return _line(
        (
            comparison,
            found.kind.value,
            found.record_id,
            found.path,
            found.left_platform,
            found.left_id,
            _text(found.left_value),
            found.right_platform,
            found.right_id,
            _text(found.right_value),
            None if found.diverged_at is None else found.diverged_at.isoformat(),
            None if found.amount is None else f"{found.amount:f}",
            found.currency,
            found.repair_run_id,
            found.explanation,
        )
    )


def summary(found: Sequence[Reconciliation]) -> Iterator[str]:
    """A table of reconciliations, a line each."""
    kinds = [kind.value for kind in DifferenceKind]
    rows = [["comparison", "status", "compared", "changed", *kinds]]
    for each in found:
        counted = [str(each.counts.get(kind, 0)) for kind in kinds]
        rows.append(
            [each.comparison, each.status.value, str(compared(each)), str(each.counts.get("changed", 0)), *counted]
        )
    widths = [max(len(line[at]) for line in rows) for at in range(len(rows[0]))]
    for line in rows:
        padded = zip(line, widths, strict=True)
        cells = [text.rjust(width) if text.isdigit() else text.ljust(width) for text, width in padded]
        yield "  ".join(cells).rstrip()


def compared(found: Reconciliation) -> int:
    return found.counts.get("compared", 0)


def safe(cell: str | None) -> str:
    """Text that a spreadsheet shows as it is: what it would take for a formula gets an apostrophe in front. Plain
    numbers, negative ones too, stay what they are.
    """
    text = cell or ""
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _text(value: Json) -> str | None:
    if isinstance(value, list):
        return " ".join(str(part) for part in value)
    return None if value is None else str(value)


def _line(cells: Sequence[str | None]) -> str:
    told = io.StringIO()
    csv.writer(told, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return told.getvalue()
