"""How the records of one side say which record they belong to, and how they are asked for by it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from schema.roles import PlatformRole
from sync.firm import client_of, further_link
from sync.reconciling.seen import Key, Reading


class LinkedBy(Protocol):
    """`path` holds the link."""

    @property
    def path(self) -> str: ...

    def key(self, reading: Reading, platform: str, external_id: str, held: Any) -> Key | None: ...

    async def asked(self, reading: Reading, platform: str, keys: Iterable[Key]) -> list[str]:
        """What the platform has to be asked for to find the records of these keys; empty where it holds none."""
        ...


@dataclass(frozen=True, slots=True)
class Own:
    """The record itself is the one that is meant."""

    path: str = "id"

    def key(self, reading: Reading, platform: str, external_id: str, held: Any) -> Key | None:  # noqa: ARG002 - the port's
        return platform, external_id

    async def asked(self, reading: Reading, platform: str, keys: Iterable[Key]) -> list[str]:  # noqa: ARG002
        return [key[1] for key in keys if key[0] == platform]


@dataclass(frozen=True, slots=True)
class Anchored:
    """It holds the id that the record has on the platform of another role."""

    role: PlatformRole
    path: str = "anchor"

    def key(self, reading: Reading, platform: str, external_id: str, held: Any) -> Key | None:  # noqa: ARG002
        peer = reading.firm.bindings.peer(platform, self.role)
        return None if peer is None or held is None else (peer, held)

    async def asked(self, reading: Reading, platform: str, keys: Iterable[Key]) -> list[str]:
        peer = reading.firm.bindings.peer(platform, self.role)
        return [key[1] for key in keys if key[0] == peer]


@dataclass(frozen=True, slots=True)
class Customers:
    """An ERP's customers: a client has several there where several of the firm's companies bill it."""

    path: str = "anchor"

    def key(self, reading: Reading, platform: str, external_id: str, held: Any) -> Key | None:  # noqa: ARG002
        peer = reading.firm.bindings.peer(platform, PlatformRole.CRM)
        return None if peer is None or held is None else (peer, client_of(held))

    async def asked(self, reading: Reading, platform: str, keys: Iterable[Key]) -> list[str]:
        peer = reading.firm.bindings.peer(platform, PlatformRole.CRM)
        clients = [key[1] for key in keys if key[0] == peer]
        entities = await reading.entities(platform) if clients else ()
        return clients + [further_link(client, entity) for client in clients for entity in entities]


@dataclass(frozen=True, slots=True)
class Summaries:
    """What a CRM shows of an invoice bears the invoice's platform and id."""

    path: str = "invoice"

    def key(self, reading: Reading, platform: str, external_id: str, held: Any) -> Key | None:  # noqa: ARG002
        home, sign, invoice = (held or "").rpartition("-")
        return (home, invoice) if sign and home in reading.firm.bindings.platforms else None

    async def asked(self, reading: Reading, platform: str, keys: Iterable[Key]) -> list[str]:
        peer = reading.firm.bindings.peer
        return ["-".join(key) for key in keys if peer(key[0], PlatformRole.CRM) == platform]
