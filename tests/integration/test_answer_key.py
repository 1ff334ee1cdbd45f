"""Every record of the firm is told by the graph as the answer key has it."""

from typing import Any

import pytest

from schema.ids import RecordKey, encode_id

MONEY = "{ amount currency }"
FIELDS = {
    "Account": f"""id name number status industry website ownerName createdAt updatedAt parent {{ id }}
        billing {{ legalName taxId taxCode currency paymentTermsDays creditHold balance {MONEY} overdue {MONEY}
        legalEntity {{ name }} billTo {{ lines city region postalCode country }} }}""",
    "Opportunity": f"""id name stage amount {MONEY} probability closeDate serviceCode billingModel
        account {{ id }} contract {{ id }} project {{ id }}""",
    "Contract": f"""id number title status billingModel value {MONEY} startDate endDate approvedAt account {{ id }}
        opportunity {{ id }}
        milestones {{ key name amount {MONEY} dueDate }}
        amendments {{ number title status effectiveDate valueChange {MONEY} }}
        rateCard {{ role unit price {MONEY} }}""",
    "Project": f"""id code name kind status startDate endDate managerName budget {MONEY} budgetHours percentComplete
        account {{ id }} contract {{ id }}
        financials {{ billed {MONEY} paid {MONEY} unbilled {MONEY} workInProgress {MONEY} recognizedRevenue {MONEY}
        deferredRevenue {MONEY} cost {MONEY} margin asOf }}""",
    "Invoice": f"""id number status issueDate dueDate subtotal {MONEY} tax {MONEY} total {MONEY} amountPaid {MONEY}
        balance {MONEY}
        purchaseOrder account {{ id }} contract {{ id }} project {{ id }}
        lines {{ nodes {{ number description quantity unitPrice {MONEY} amount {MONEY} taxCode milestoneKey }} }}""",
}
ROOTS = {
    "Account": "accounts", "Opportunity": "opportunities", "Contract": "contracts", "Project": "projects",
    "Invoice": "invoices",
}  # fmt: skip
ANCHORS = {
    "Account": "salesforce",
    "Opportunity": "salesforce",
    "Contract": "salesforce",
    "Project": "kantata",
    "Invoice": "netsuite",
}


PARTS = {"milestones": ("dueDate", "key"), "amendments": ("number",), "rateCard": ("role",), "lines": ("number",)}


async def whole_list(gateway: Any, type_name: str) -> list[dict[str, Any]]:
    """Every record of a type, page after page, with the id that its platform gives it."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (
            await gateway.data(
                f"""query($after: String) {{ {ROOTS[type_name]}(first: 100, after: $after) {{ totalCount
                nodes {{ {FIELDS[type_name]} sources {{ platform externalId modifiedAt }} }}
                pageInfo {{ hasNextPage endCursor }} }} }}""",
                after=after,
            )
        )[ROOTS[type_name]]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


def links(firm: dict[str, Any]) -> dict[str | None, str]:
    """Firm key -> the id that the graph gives the record."""
    return {
        record["key"]: encode_id(RecordKey(type_name, platform, record["records"][platform]["id"]))
        for type_name, platform in ANCHORS.items()
        for record in firm[type_name]
        if platform in record["records"]
    }


def same(path: str, told: Any, key: Any) -> None:
    """The told value is the key's; only what was asked is compared."""
    if isinstance(told, dict):
        assert isinstance(key, dict), f"{path}: {told} where the key has {key}"
        for name, value in told.items():
            same(f"{path}.{name}", value, key.get(name))
    elif isinstance(told, list):
        assert isinstance(key, list), f"{path}: {told} where the key has {key}"
        assert len(told) == len(key), path
        for position, (one, other) in enumerate(zip(told, key, strict=True)):
            same(f"{path}[{position}]", one, other)
    else:
        assert told == key, f"{path}: {told!r} where the key has {key!r}"


@pytest.mark.parametrize("type_name", list(FIELDS))
async def test_records_are_as_the_answer_key_has_them(gateway, type_name):
    firm = gateway.control.firm()
    global_id = links(firm).get
    key_of = {record["records"][ANCHORS[type_name]]["id"]: record for record in firm[type_name]}
    told = await whole_list(gateway, type_name)
    ids = {
        next(s["externalId"] for s in record["sources"] if s["platform"] == ANCHORS[type_name]): record
        for record in told
    }
    assert ids.keys() == key_of.keys()
    for external_id, record in ids.items():
        key = key_of[external_id]
        assert record["id"]
        assert all(source["modifiedAt"] for source in record["sources"]), key["key"]
        for name in ("account", "contract", "project", "opportunity", "parent"):
            if name in record:
                linked = record.pop(name)
                assert (linked and linked["id"]) == global_id(key.get(name)), f"{key['key']}.{name}"
        for name in ("id", "sources"):
            record.pop(name)
        if "lines" in record:
            record["lines"] = record["lines"]["nodes"]
        for name, order in PARTS.items():
            if name in record:
                assert record[name] == sorted(record[name], key=lambda part, order=order: [part[n] for n in order])
        if record.get("billing"):
            record["billing"].pop("legalEntity")
        same(key["key"], record, key)
