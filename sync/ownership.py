"""Splits a change of one record by who owns each field: every part goes to its owner, or nothing goes anywhere."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from schema.ids import RecordKey
from schema.model import Group, Link, Value
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.effects import Update
from sync.firm import Firm, Row
from sync.process import Process, Refused, refused

Places = Mapping[str, tuple[str, ...]]
"""Where each canonical path stands in the caller's input."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The record that holds the fields of one owner."""

    role: PlatformRole
    platform: str
    external_id: str


async def split(
    run: Process,
    type_name: str,
    key: RecordKey,
    values: Mapping[str, Any],
    places: Places,
    *,
    entity: RecordKey | None = None,
) -> list[Update]:
    """One update per platform that owns some of the values; Refused, with every owner named, where one is nobody's to
    write. Held to the version that the caller has seen, if that was told.

    `entity`: the legal entity whose customer is meant, where a client has several.
    """

    async def look() -> tuple[Holder, ...]:
        return await _holders(run.firm, type_name, key, values, places, entity)

    holders = await run.fact("holders", tuple[Holder, ...], look)
    roles = {path: owner(run.firm, type_name, path) for path in values}
    updates = [
        Update(
            platform=holder.platform,
            type=type_name,
            role=holder.role,
            external_id=holder.external_id,
            values={path: value for path, value in values.items() if roles[path] is holder.role},
            of=run.firm.record_id(type_name, key.platform, key.external_id),
        )
        for holder in holders
    ]
    return _bound(updates, run.if_version)


def owner(firm: Firm, type_name: str, path: str) -> PlatformRole | None:
    """The role that owns a path in this firm; None where no connected platform does. A record owns its relations."""
    field = firm.bindings.model.types[type_name].fields[path.split(".", 1)[0]]
    if isinstance(field, Link):
        return firm.anchor(type_name)
    assert isinstance(field, Value | Group), f"{path} is nothing that is written"
    return firm.bindings.owner(type_name, path, field.roles or ())


async def _holders(
    firm: Firm,
    type_name: str,
    key: RecordKey,
    values: Mapping[str, Any],
    places: Places,
    entity: RecordKey | None,
) -> tuple[Holder, ...]:
    parts: dict[PlatformRole, dict[str, Any]] = defaultdict(dict)
    refusals: list[Refusal] = []
    for path, value in values.items():
        role = owner(firm, type_name, path)
        if role is None:
            message = f"No connected platform owns {type_name}.{path}, so that nobody can change it."
            refusals.append(Refusal(RefusalCode.OWNERSHIP, message, ("input", *places[path])))
        else:
            parts[role][path] = value
    holders: list[Holder] = []
    for role, part in parts.items():
        row = await _row(firm, type_name, key, role, entity)
        refusals += _barred(firm, type_name, role, row.platform, part, places)
        holders.append(Holder(role=role, platform=row.platform, external_id=row.external_id))
    if refusals:
        raise Refused(*refusals)
    return tuple(holders)


def _bound(updates: list[Update], version: str | None) -> list[Update]:
    """The updates, held to a version; that means one record only."""
    if version is None:
        return updates
    if len(updates) != 1:
        platforms = ", ".join(update.platform for update in updates)
        message = (
            f"This change goes to {len(updates)} records ({platforms}), each with a version of its own: change the "
            "fields of one owner at a time, or leave ifVersion out."
        )
        raise refused(RefusalCode.INVALID, message, "ifVersion")
    return [replace(updates[0], version=version)]


def _barred(
    firm: Firm, type_name: str, role: PlatformRole, platform: str, part: Mapping[str, Any], places: Places
) -> list[Refusal]:
    door = firm.door(platform, type_name, role)
    if door is None:
        return [
            Refusal(
                RefusalCode.UNSUPPORTED,
                f"{type_name}.{path} is owned by {role.value} ({platform}), where Crosswalk can't write {type_name} "
                "records. Change it there.",
                ("input", *places[path]),
            )
            for path in part
        ]
    return [
        Refusal(
            RefusalCode.OWNERSHIP,
            f"{type_name}.{path} is owned by {role.value} ({platform}), which doesn't let Crosswalk change it. Change "
            "it there.",
            ("input", *places[path]),
        )
        for path in part
        if not door.writable.settable(path, creating=False)
    ] + [
        Refusal(RefusalCode.INVALID, f"{type_name}.{path} can't be empty.", ("input", *places[path]))
        for path, value in part.items()
        if value is None and door.writable.settable(path, creating=False) and door.writable.paths[path].required
    ]


async def _row(firm: Firm, type_name: str, key: RecordKey, role: PlatformRole, entity: RecordKey | None) -> Row:
    """The record that holds these fields: the canonical one itself, or what another role's platform has of it."""
    found = await firm.one(type_name, key, ("id",))
    if found is None:
        raise refused(RefusalCode.NOT_FOUND, f"{key.platform} has no such {type_name}.", "id")
    if role is firm.anchor(type_name):
        return found
    path = "billing.legalEntity"
    rows = await firm.facets_of(type_name, role, key, (path,))
    if entity is not None and rows:
        rows = [row for row in rows if (row.platform, row[path]) == (entity.platform, entity.external_id)]
        if not rows:
            message = "That legal entity has no customer for this account: onboardCustomer brings it there."
            raise refused(RefusalCode.STATE, message, "billing", "legalEntityId")
    if not rows:
        hint = ": onboardCustomer brings it there" if type_name == "Account" else ""
        raise refused(RefusalCode.STATE, f"No {role.value} has this {type_name} yet{hint}.", "id")
    if len(rows) > 1:
        records = ", ".join(f"{row.platform} {row.external_id}" for row in rows)
        message = f"{len(rows)} records of {role.value} belong to this {type_name} ({records})"
        if role is PlatformRole.ERP and type_name == "Account":
            raise refused(RefusalCode.INVALID, f"{message}: say which company's is meant.", "billing", "legalEntityId")
        raise refused(RefusalCode.STATE, f"{message}: leave one of them linked to it there.", "id")
    return rows[0]
