"""Comparisons over the sandbox's firm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sync.ledger.port_of_reconciliations import Difference, Reconciliation
from sync.reconciling.comparisons import COMPARISONS
from sync.reconciling.reconciler import Reconciler
from sync.reconciling.repairing import Mode, Repairs
from sync.reconciling.telling import Telling
from tests.sync.office import Office
from tests.sync.reconciling.comparing import compared


@dataclass
class Books:
    """The firm's office, and who compares there."""

    office: Office

    def reconciler(self, repair: Mapping[str, Mode] | None = None) -> Reconciler:
        office = self.office
        telling = Telling(office.ledger, office.firm, Repairs(office.firm, office.desk, repair or {}), office.clock)
        return Reconciler(office.ledger, office.firm, COMPARISONS, telling, office.clock)

    async def compared(
        self, comparison: str, repair: Mapping[str, Mode] | None = None, **scope: Any
    ) -> tuple[Reconciliation, list[Difference]]:
        return await compared(self.office.ledger, self.reconciler(repair), self.office.clock, comparison, scope)


@pytest.fixture
def books(fresh_office: Office) -> Books:
    return Books(fresh_office)
