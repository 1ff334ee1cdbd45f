"""What a writable is on Kantata: its collection, where each of its paths is kept, and how a record is taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from platforms.kantata.endpoints import KantataFacet
from platforms.kantata.envelope import part
from platforms.kantata.mapping import reference
from platforms.kantata.places import Place
from platforms.kantata.reader import KantataProjection, projected
from platforms.mapping import Mapped, derived, instant, same
from platforms.rows import Field
from platforms.writers import Settable, Writable

KEY, VERSION, MODIFIED, GONE = "_key", "_version", "_modified", "_gone"
"""Paths beside the canonical ones: the key that the record bears, its stamps, and whether it was taken back."""


Path = tuple[Settable, Place, Mapped]
"""How a path can be set, where it is kept, and how it is read back."""


class Removal(Enum):
    """How the API takes a record back."""

    DELETE = "it is deleted"
    ARCHIVE = "it is archived, and a reference says that this was meant as its removal"
    CANCEL = "a draft is deleted, anything else cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`subject` is the record's type where references and custom values name it; `fixed` is said of every new one.

    `currency` is the path that says the currency of a new record that has one of its own; others have their project's.
    """

    writable: Writable
    projection: KantataProjection
    subject: str
    places: Mapping[str, Place]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    removal: Removal = Removal.DELETE
    currency: str | None = None

    @property
    def entity(self) -> str:
        """The record's name in the singular, as request bodies have it."""
        return self.projection.facet.entity

    @property
    def collection(self) -> str:
        return self.projection.facet.endpoint.collection


def kept(
    facet: KantataFacet,
    paths: Mapping[str, Path],
    *,
    key_reference: str,
    subject: str,
    gone: Mapped | None = None,
    fixed: Mapping[str, Any] | None = None,
    removal: Removal = Removal.DELETE,
    currency: str | None = None,
) -> Kept:
    """`gone` tells of a record that is still there whether it was taken back."""
    rows = (
        same("id", "id", writable=False),
        *(row for _, _, row in paths.values()),
        reference(KEY, key_reference),
        instant(MODIFIED, "updated_at"),
        same(VERSION, "updated_at", writable=False),
        gone or derived(GONE, (), _never),
    )
    reading = KantataFacet(
        type=facet.type,
        role=facet.role,
        entity=facet.entity,
        rows=rows,
        batch=facet.batch,
        page_size=facet.page_size,
        url=facet.url,
        endpoint=facet.endpoint,
        keys=facet.keys,
        conditions={},
        sorts={},
        kinds=facet.kinds,
    )
    return Kept(
        writable=Writable(
            type=facet.type,
            role=facet.role,
            entity=facet.entity,
            paths={path: settable for path, (settable, _, _) in paths.items()},
            unique=False,
        ),
        projection=projected(reading, (row.path for row in rows)),
        subject=subject,
        places={path: place for path, (_, place, _) in paths.items()},
        fixed=fixed or {},
        removal=removal,
        currency=currency,
    )


def removed_reference(key_reference: str) -> str:
    """The service whose reference says that the record was archived to take it back, and not because it is done."""
    return f"{key_reference}_removed"


def archived_as_removed(key_reference: str) -> Mapped:
    mark = Field(part("external_references", removed_reference(key_reference)))
    return derived(GONE, (Field("archived", bool), mark), _both)


def cancelled() -> Mapped:
    return derived(GONE, (Field("status"),), _is_cancelled)


def _never() -> bool:
    return False


def _both(archived: bool | None, mark: str | None) -> bool:
    return bool(archived and mark)


def _is_cancelled(status: str | None) -> bool:
    return status == "cancelled"
