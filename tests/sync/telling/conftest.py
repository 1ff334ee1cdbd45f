"""What the ledger's own tests write down, for those who follow it."""

from tests.sync.ledger.conftest import claimed, new_exception, new_run

__all__ = ["claimed", "new_exception", "new_run"]
