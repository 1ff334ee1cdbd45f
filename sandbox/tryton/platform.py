"""Starts Tryton with the firm's books, for the sandbox and for tests."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.firm.model import Firm
from sandbox.platform import KnownAs
from sandbox.tryton.database import LOGIN, NAME, PASSWORD, seeded
from sandbox.tryton.export import ledger_of
from sandbox.tryton.install import Progress, default_cache, installed
from sandbox.tryton.server import TrytonServer, refuse_taken

_ENTITIES = {
    "LegalEntity": "company.company",
    "Account": "party.party",
    "Project": "analytic_account.account",
    "Invoice": "account.invoice",
    "Payment": "account.move.line",
    "CreditMemo": "account.invoice",
}


class RunningTryton:
    """A seeded Tryton that answers at `url`. Its truth is its own: read and change it through its API."""

    vendor = "tryton"
    role = "ERP"

    def __init__(self, name: str, server: TrytonServer, known_as: Mapping[tuple[str, str], KnownAs]) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{server.port}"
        self.credentials: Mapping[str, str] = {"database": NAME, "user": LOGIN, "password": PASSWORD}
        self.server = server
        self._known_as = known_as

    def known_as(self) -> Mapping[tuple[str, str], KnownAs]:
        """(canonical type, firm key) -> what Tryton calls it, as an emulated platform tells it."""
        return self._known_as

    def reset(self) -> None:
        """Back to the firm as it was seeded, at the same address; sessions are lost. Takes two seconds."""
        self.server.stop()
        self.server.start()

    def stop(self) -> None:
        """Leaves no process and no file but the cache and the log."""
        self.server.stop()


def start_tryton(
    firm: Firm,
    *,
    name: str = "tryton",
    cache: Path | None = None,
    port: int = 0,
    legal_entities: Sequence[str] | None = None,
    progress: Progress = lambda _: None,
) -> RunningTryton:
    """Installs, seeds and starts Tryton, each only where it was not done before; blocks for minutes the first time.

    `cache` keeps what was made (default_cache() by default), `port` 0 takes a free one, `legal_entities` are keys of
    the firm's and default to all. Raises TrytonUnavailable, with the place of the log, where a step fails.
    """
    if port:
        refuse_taken(port)  # before minutes of work, not after
    cache = (cache or default_cache()).resolve()
    cache.mkdir(parents=True, exist_ok=True)
    python = installed(cache, progress)
    ledger = ledger_of(firm, legal_entities)
    pristine = seeded(cache, python, ledger, progress)
    progress("starting Tryton")
    server = TrytonServer(
        python=python,
        pristine=pristine.database,
        folder=Path(tempfile.mkdtemp(prefix=f"crosswalk-{name}-")),
        port=port,
        log=cache / f"{name}.log",
    )
    server.start()
    return RunningTryton(name, server, _known_as(firm, pristine.known_as))


def _known_as(firm: Firm, ids: Mapping[str, Mapping[str, int]]) -> dict[tuple[str, str], KnownAs]:
    unlinked = {("Account", client.key) for client in firm.clients if not client.erp_linked}
    unlinked |= {("Project", project.key) for project in firm.projects if not project.erp_linked}
    return {
        (kind, key): KnownAs(_ENTITIES[kind], str(number), linked=(kind, key) not in unlinked)
        for kind, records in ids.items()
        for key, number in records.items()
    }
