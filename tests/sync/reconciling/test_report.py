"""The report as CSV and as a table."""

import csv
import io

import pytest

from sync.ledger.port_of_reconciliations import Difference, DifferenceKind
from sync.reconciling.report import header, row, safe


@pytest.mark.parametrize("cell", ["=1+1", "+49 30 1234", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-"])  # noqa: RUF001
def test_what_a_spreadsheet_would_take_for_a_formula_is_told_as_text(cell: str) -> None:
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "12.50", "-12.50", "0", "Meridian = Partners", "a@b.example"])
def test_everything_else_stays_as_it_is(cell: str) -> None:
    assert safe(cell) == cell


def test_a_row_survives_quotes_line_breaks_and_separators() -> None:
    name = '=HYPERLINK("http://evil.example"),\r\n"x"'
    found = Difference(
        id="1.2",
        reconciliation_id="1",
        kind=DifferenceKind.VALUE,
        path="name",
        left_platform="salesforce",
        left_id="001",
        left_value=name,
        explanation="They differ.",
    )
    columns, cells = csv.reader(io.StringIO(header() + row("clients", found), newline=""))
    told = dict(zip(columns, cells, strict=True))
    assert told["left_value"] == f"'{name}"
    assert (told["comparison"], told["kind"], told["right_value"]) == ("clients", "VALUE", "")
