"""What the stories have in common: clients and bills of the invented firm, and ways to look at what became of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from platforms.writers import Found
from schema.roles import PlatformRole
from sync.desk import RefusalCode, Reply
from sync.ledger.records import Run, RunStatus
from tests.sync.office import Office

PLATFORMS = ("salesforce", "kantata", "netsuite")


def reasons(reply: Reply) -> list[tuple[RefusalCode, tuple[str, ...] | None]]:
    return [(refusal.code, refusal.path) for refusal in reply.refusals]


def written(office: Office) -> int:
    """Calls to any platform that were to change something."""
    return sum(office.control.writes(platform) for platform in PLATFORMS)


async def refused_before_anything(office: Office, workflow: str, **wish: Any) -> Reply:
    """The answer to a wish that must be refused, when nothing was written on a platform and no run accepted."""
    office.control.calm()
    reply = await office.ask(workflow, **wish)
    assert reply.run is None, f"accepted: {reply.run}"
    assert reply.refusals
    assert written(office) == 0
    return reply


async def succeeded(office: Office, workflow: str, **wish: Any) -> Run:
    run = await office.carried_out(workflow, **wish)
    assert run.status is RunStatus.SUCCEEDED, [problem.message for problem in await office.problems(run)]
    return run


async def kept(office: Office, platform: str, type_name: str, role: PlatformRole, external_id: str) -> Found | None:
    """A record as its writer tells it."""
    door = office.firm.door(platform, type_name, role)
    assert door is not None
    return await door.writer.fetch(door.writable, external_id)


def record(office: Office, platform: str, entity: str, record_id: str) -> dict[str, Any]:
    found = office.control.record(platform, entity, record_id)
    assert found is not None, f"{platform} has no {entity} {record_id}"
    return found


def client(office: Office, key: str) -> dict[str, Any]:
    return next(found for found in office.of_firm("Account") if found["key"] == key)


def entity_id(office: Office, key: str) -> str:
    """The global id of a legal entity."""
    return office.id_of("LegalEntity", next(found for found in office.of_firm("LegalEntity") if found["key"] == key))


def unknown_to_erp(office: Office) -> list[dict[str, Any]]:
    return [
        found
        for found in office.of_firm("Account")
        if "netsuite" not in {**found["records"], **found.get("unlinked", {})} and found["duplicateOf"] is None
    ]


def amount(money: Mapping[str, str] | None) -> Decimal | None:
    return None if money is None else Decimal(money["amount"])


def everything(office: Office) -> dict[str, dict[str, Any]]:
    """All records of all platforms that flows write to, by platform, entity and id; without what follows from others:
    stamps, and the sums and states that a platform derives of a record's parts.
    """
    return {
        f"{platform} {entity} {found.get('Id') or found['id']}": _own(found)
        for platform, entities in ENTITIES.items()
        for entity in entities
        for found in office.control.records(platform, entity)
    }


def _own(value: Any) -> Any:
    match value:
        case dict():
            return {name: _own(part) for name, part in value.items() if name not in DERIVED}
        case list():
            return [_own(part) for part in value]
    return value


ENTITIES: Mapping[str, tuple[str, ...]] = {
    "salesforce": ("Account", "Opportunity", "Contract", "CW_Invoice__c"),
    "kantata": ("workspace", "workspace_group", "story", "workspace_resource", "invoice", "external_reference"),
    "netsuite": ("customer", "job", "salesOrder", "invoice"),
}
"""Where flows write."""
DERIVED = frozenset({
    "LastModifiedDate", "SystemModstamp", "LastModifiedById", "lastModifiedDate", "updated_at", "refName",
    "balance", "overdueBalance", "daysOverdue", "invoiced_balance_in_cents", "uninvoiced_balance_in_cents",
})  # fmt: skip
