"""What every emulated platform gives to the sandbox: an application, its truth, and how its users change it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from sandbox.stamps import Stamps
from sandbox.store import Record, Table
from sandbox.write_faults import Spot, WriteFaults


class Clock(Protocol):
    """Tells the time in UTC. Emulators never read the machine's clock by themselves."""

    def __call__(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class KnownAs:
    """How a platform calls a record of the firm. `linked` is False where no key connects it to the other systems."""

    entity: str
    id: str
    linked: bool = True


class RefusedChange(Exception):  # noqa: N818  a refusal is what the platform means, not a fault of ours
    """A user's change that the platform itself would refuse; the message says why, in the platform's words."""


class PlatformUnavailable(Exception):  # noqa: N818  named as what it means
    """A real platform could not be installed, filled or started; the message says why, and where more is told."""


class RunningPlatform(Protocol):
    """A real platform, by others, that runs as a process of its own beside the emulated ones."""

    @property
    def name(self) -> str: ...
    @property
    def vendor(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def credentials(self) -> Mapping[str, str]: ...

    def known_as(self) -> Mapping[tuple[str, str], KnownAs]:
        """As of an emulated platform."""
        ...

    def reset(self) -> None: ...

    def stop(self) -> None: ...


class EmulatedPlatform(ABC):
    """One vendor's platform. Built from the firm by the vendor's `build(firm, *, name, clock, **options)`."""

    name: str  # the platform's configured name, such as `salesforce`
    vendor: str  # `salesforce`, `kantata`, `netsuite`
    role: str  # CRM, PSA, ERP
    app: ASGIApp  # the vendor's HTTP API; paths as the vendor's, from `/`
    credentials: Mapping[str, str]
    tables: Mapping[str, Table]  # by the vendor's own entity name
    scripted: frozenset[str] = frozenset()  # entities whose changes a script inside sends to whoever subscribed
    user_agent: str = ""  # of that script
    stamps: Stamps | None = None  # the clock by which it stamps records; None where that can't be chosen

    @abstractmethod
    def known_as(self) -> Mapping[tuple[str, str], KnownAs]:
        """(canonical type, firm key) -> what this platform calls it, for every record that it holds."""

    @abstractmethod
    def create(self, entity: str, fields: Record) -> Record:
        """A user of the platform creates a record: defaults, stamps and derived fields follow as there."""

    @abstractmethod
    def change(self, entity: str, record_id: str, fields: Record) -> Record:
        """A user changes a record; modified stamps move and derived fields follow."""

    @abstractmethod
    def remove(self, entity: str, record_id: str) -> None:
        """A user deletes a record; it shows in the vendor's feed of deletions where there is one."""

    @abstractmethod
    def show(self, entity: str, record_id: str) -> dict[str, Any] | None:
        """The record as plain JSON values, for the control API; None when there is none."""

    @abstractmethod
    def reset(self) -> None:
        """Back to the firm as it was generated: records, sessions, quotas, queues."""

    def merge(self, entity: str, record_id: str, into: str) -> None:
        """A user merges a record into another of its kind, and it is gone; refused where the vendor has no merging."""
        raise RefusedChange(f"{self.name} merges no {entity}: {record_id} stays beside {into}")

    @cached_property
    def write_faults(self) -> WriteFaults:
        """What goes wrong in writes through the vendor's API; the platform's own writing asks it."""
        return WriteFaults()

    def spot(self, kind: str, entity: str, field: str, value: Any) -> Spot:
        """Where a fault of writes would strike, and whether it can; a platform that can't be spoilt refuses it.

        Raises RefusedChange for a field that the entity lacks, that holds no number to round, or not that value.
        """
        raise RefusedChange(f"{self.name} offers no faults of writes: {kind} of {entity}.{field} ({value!r})")

    def message(self, entity: str, record_id: str, change: str) -> Record:
        """What the script inside sends of a changed record: `created`, `changed` or `deleted`."""
        return {"entity": entity, "id": record_id, "change": change}

    def rate_limited(self) -> Response:
        """The vendor's answer to one request too many; vendors with their own words for it override this."""
        return JSONResponse({"error": "too many requests"}, 429, {"Retry-After": "1"})
