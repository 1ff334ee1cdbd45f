"""One record, or all of a type that changed since an instant, brought into line with its owner on every platform."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from platforms.predicates import Compare
from platforms.slots import Priority
from schema.errors import BadUserInput, Queue
from schema.ids import RecordKey, decode_id
from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.effects import Undo, Update
from sync.firm import Firm, Row
from sync.flows.given import named
from sync.flows.invoice_status import tell_invoice
from sync.ownership import owner
from sync.process import Flow, Process, Wish, refused
from sync.values import alike, from_json, to_json

MOST_RECORDS = 200
"""In one run: more would keep the people who look at it from seeing anything."""

# Where other roles keep copies of what the anchor's platform has: paths that are the same on both sides.
COPIES: Mapping[str, Mapping[PlatformRole, tuple[str, ...]]] = {
    "Account": {PlatformRole.PSA: ("name",), PlatformRole.ERP: ("website",)},
    "Project": {PlatformRole.ERP: ("name", "startDate", "endDate")},
}
_TYPES = {"ACCOUNT": "Account", "PROJECT": "Project", "INVOICE": "Invoice"}


class SyncRecords(Wish, frozen=True, kw_only=True):
    record_id: str | None = None
    type: Literal["ACCOUNT", "PROJECT", "INVOICE"] | None = None
    changed_since: datetime | None = None


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A record of another role that repeats some of what its owner says. `values` are the owner's, as JSON."""

    role: PlatformRole
    platform: str
    external_id: str
    values: dict[str, Any]


async def sync_records(run: Process, wish: SyncRecords) -> None:
    """Each copy gets what its owner says; a copy that says the same already is left alone."""

    async def chosen() -> tuple[str, ...]:
        return await _chosen(run.firm, wish)

    for record_id in await run.fact("records", tuple[str, ...], chosen):
        key = decode_id(record_id)
        prefix = f"{key.type} {key.external_id}: "
        if key.type == "Invoice":
            await tell_invoice(run, record_id, "recordId", prefix=prefix)
            continue
        await _bring_into_line(run, key, record_id, prefix)


async def _bring_into_line(run: Process, key: RecordKey, record_id: str, prefix: str) -> None:
    async def copies() -> tuple[Copy, ...]:
        return await copies_of(run.firm, key)

    run.concerns(record_id)
    for copy in await run.fact(f"{prefix}copies", tuple[Copy, ...], copies):
        door = run.firm.door(copy.platform, key.type, copy.role)
        assert door is not None, "copies are told of platforms that can be written to"
        values = {path: from_json(door.writable.paths[path].kind, value) for path, value in copy.values.items()}
        update = Update(
            platform=copy.platform,
            type=key.type,
            role=copy.role,
            external_id=copy.external_id,
            values=values,
            of=record_id,
        )
        name = f"{prefix}{copy.role.value} record {copy.external_id} in {copy.platform}"
        await run.step(name, update, undo=Undo.RESTORE)


async def copies_of(firm: Firm, key: RecordKey) -> tuple[Copy, ...]:
    """What each platform that holds the record is to say, path by path as the path's owner does.

    A path whose owner has no record of it, or several, is left as it is: nobody could say which is right.
    """
    copies, _ = await _compared(firm, key)
    return copies


async def out_of_line(firm: Firm, key: RecordKey) -> tuple[Copy, ...]:
    """What copies say, where it isn't what its owner does; by path, values that differ only."""
    _, wrong = await _compared(firm, key)
    return wrong


async def _compared(firm: Firm, key: RecordKey) -> tuple[tuple[Copy, ...], tuple[Copy, ...]]:
    """What each copy is to say, and of those that say something else what they say."""
    anchor = firm.anchor(key.type)
    assert anchor is not None
    by_role = COPIES.get(key.type, {})
    paths = tuple(dict.fromkeys(path for asked in by_role.values() for path in asked))
    own = await firm.one(key.type, key, paths)
    if own is None:
        raise refused(RefusalCode.NOT_FOUND, f"{key.platform} has no such {key.type}.", "recordId")
    rows = {anchor: [own]}
    for role, asked in by_role.items():
        rows[role] = await firm.facets_of(key.type, role, key, asked)
    told: dict[tuple[PlatformRole, str, str], dict[str, Any]] = {}
    wrong: dict[tuple[PlatformRole, str, str], dict[str, Any]] = {}
    for path in paths:
        owning = owner(firm, key.type, path)
        owners = [] if owning is None else rows.get(owning, [])
        if len(owners) != 1:
            continue
        for role, held in rows.items():
            if role is owning or (role is not anchor and path not in by_role[role]):
                continue
            for row in held:
                if not _takes(firm, key, role, row, path, owners[0]):
                    continue
                place = (role, row.platform, row.external_id)
                told.setdefault(place, {})[path] = to_json(owners[0][path])
                if _tells(firm, key, role, row, path) and not alike(owners[0][path] or "", row[path]):
                    wrong.setdefault(place, {})[path] = to_json(row[path])
    return _as_copies(told), _as_copies(wrong)


def _as_copies(found: Mapping[tuple[PlatformRole, str, str], dict[str, Any]]) -> tuple[Copy, ...]:
    return tuple(
        Copy(role=role, platform=platform, external_id=external_id, values=values)
        for (role, platform, external_id), values in found.items()
    )


def _tells(firm: Firm, key: RecordKey, role: PlatformRole, row: Row, path: str) -> bool:
    """Whether the platform says anything of it: some take what they don't tell."""
    return path in firm.bindings.facet(row.platform, key.type, role).by_path()


def _takes(firm: Firm, key: RecordKey, role: PlatformRole, row: Row, path: str, owned: Row) -> bool:
    """Whether the copy can be told what the owner says; Refused where nothing can be written there at all."""
    door = firm.door(row.platform, key.type, role)
    if door is None:
        if not _tells(firm, key, role, row, path):
            return False
        message = (
            f"{row.platform} has a copy of {key.type} {key.external_id} ({row.external_id}), where Crosswalk can't "
            "write. Bring it into line there."
        )
        raise refused(RefusalCode.UNSUPPORTED, message, "recordId")
    if not door.writable.settable(path, creating=False):
        return False
    return owned[path] is not None or not door.writable.paths[path].required


def _type_of(record_id: str) -> str:
    try:
        return decode_id(record_id).type
    except BadUserInput as error:
        raise refused(RefusalCode.INVALID, error.detail, "recordId") from None


async def _chosen(firm: Firm, wish: SyncRecords) -> tuple[str, ...]:
    """The global ids of the records that are meant."""
    if wish.record_id is not None:
        if wish.type is not None or wish.changed_since is not None:
            raise refused(RefusalCode.INVALID, "Name one record, or a type and an instant; not both.", "recordId")
        type_name = _type_of(wish.record_id)
        if type_name not in _TYPES.values():
            raise refused(RefusalCode.UNSUPPORTED, f"Nobody keeps copies of {type_name} records.", "recordId")
        named(firm, type_name, wish.record_id, "recordId")
        return (wish.record_id,)
    if wish.type is None or wish.changed_since is None:
        raise refused(RefusalCode.INVALID, "Give recordId, or type and changedSince.", "type")
    type_name = _TYPES[wish.type]
    role = firm.anchor(type_name)
    if role is None:
        raise refused(RefusalCode.UNSUPPORTED, f"No connected platform has {type_name} records.", "type")
    found = [
        firm.record_id(type_name, row.platform, row.external_id)
        for platform in firm.bindings.holders(type_name, role)
        for row in await _changed(firm, platform.name, type_name, role, wish.changed_since)
    ]
    if len(found) > MOST_RECORDS:
        message = f"{len(found)} records changed since then; {MOST_RECORDS} go into one run. Choose a later instant."
        raise refused(RefusalCode.INVALID, message, "changedSince")
    return tuple(found)


async def _changed(firm: Firm, platform: str, type_name: str, role: PlatformRole, since: datetime) -> list[Row]:
    """The records whose own stamp is not older; asked of the platform where it can compare stamps."""
    facet = firm.bindings.facet(platform, type_name, role)
    pushable = facet.pushable.get("modifiedAt")
    where = Compare("modifiedAt", "gte", since) if pushable and "gte" in pushable.operators else None
    rows = await firm.rows(platform, type_name, role, ("modifiedAt",), where=where)
    return [row for row in rows if row["modifiedAt"] is not None and row["modifiedAt"] >= since]


FLOW = Flow(
    name="syncRecords",
    version=1,
    wish=SyncRecords,
    process=sync_records,
    subject=lambda wish: wish.record_id,
    queue=Queue.INTEGRATION,
    on_refusal="stop",
    live=True,
    urgency=Priority.SYNC,
)
