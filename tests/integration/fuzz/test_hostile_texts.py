"""Records whose texts are made to break a query: filters find exactly those that compare so, and pages hold."""

import json
import urllib.error
from typing import Any

import pytest

LONGEST = 60
"""Of what is written into records: contract and project names hold little more."""
FIELDS = {
    "Account.name": ("accounts", "salesforce", "Account", "Name", "NAME"),
    "Account.number": ("accounts", "salesforce", "Account", "AccountNumber", "NUMBER"),
    "Account.industry": ("accounts", "salesforce", "Account", "Industry", None),
    "Opportunity.name": ("opportunities", "salesforce", "Opportunity", "Name", "NAME"),
    "Opportunity.serviceCode": ("opportunities", "salesforce", "Opportunity", "CW_Service_Code__c", None),
    "Contract.title": ("contracts", "salesforce", "Contract", "Name", None),
    "Project.name": ("projects", "kantata", "workspaces", "title", "NAME"),
    "Invoice.number": ("invoices", "netsuite", "invoice", "tranId", "NUMBER"),
}
IDS = {"salesforce": "Id", "kantata": "id", "netsuite": "id"}


class Written:
    """One field of one entity, its records given hostile texts; `told` is what the platform then holds."""

    def __init__(self, gateway: Any, where: str, texts: tuple[str, ...]) -> None:
        self.gateway = gateway
        self.field = where.partition(".")[2]
        self.root, self.platform, self.entity, self.column, self.order = FIELDS[where]
        self.told: dict[str, str | None] = {}
        self.refused: list[str] = []
        path = f"/records/{self.platform}/{self.entity}"
        known = gateway.control.request("GET", path)["records"]
        # No platform's text holds a NUL: Oracle and MySQL behind them refuse or drop it.
        waiting = [text for text in texts if text.strip() and "\0" not in text and len(text) <= LONGEST]
        for record in known:
            key = str(record[IDS[self.platform]])
            while waiting:
                text = waiting.pop()
                try:
                    record = gateway.control.request("PATCH", f"{path}/{key}", {self.column: text})  # noqa: PLW2901
                    break
                except urllib.error.HTTPError as error:
                    error.close()
                    self.refused.append(text)
            self.told[key] = record[self.column]

    async def page(self, **variables: Any) -> tuple[list[str], dict[str, Any]]:
        kind = {"accounts": "Account", "opportunities": "Opportunity"}.get(self.root, self.root[:-1].capitalize())
        data = await self.gateway.data(
            f"query($filter: {kind}Filter, $order: [{kind}Order!], $first: Int, $after: String) {{ found: {self.root}("
            "filter: $filter, orderBy: $order, first: $first, after: $after) { pageInfo { hasNextPage endCursor }"
            f" nodes {{ {self.field} sources {{ platform externalId }} }} }} }}",
            **variables,
        )
        nodes = data["found"]["nodes"]
        own = [s["externalId"] for node in nodes for s in node["sources"] if s["platform"] == self.platform]
        for node, key in zip(nodes, own, strict=True):
            assert node[self.field] == self.told[key]
        return own, data["found"]["pageInfo"]

    async def finds(self, condition: dict[str, Any], test: Any) -> None:
        wanted = {key for key, text in self.told.items() if test(text)}
        found, _ = await self.page(filter={self.field: condition}, first=500)
        assert sorted(found) == sorted(wanted), json.dumps(condition)


@pytest.fixture
async def written(
    fresh_sandbox: dict[str, Any], gateway_of: Any, hostile_texts: tuple[str, ...], request: pytest.FixtureRequest
) -> Written:
    return Written(await gateway_of(fresh_sandbox), request.param, hostile_texts)


@pytest.mark.parametrize("written", list(FIELDS), indirect=True)
async def test_every_comparison_finds_exactly_what_compares_so(written, hostile_texts):
    assert len(set(written.told.values())) > 20, written.refused
    listed, _ = await written.page(first=500)
    written.told = {key: text for key, text in written.told.items() if key in listed}  # what isn't the firm's business
    await written.finds({"in": list(hostile_texts)}, lambda told: told in hostile_texts)
    for text in hostile_texts:
        await written.finds({"eq": text}, lambda told, text=text: told == text)
        await written.finds({"contains": text}, lambda told, text=text: told is not None and text in told)
    for text in hostile_texts[::3]:
        await written.finds({"ne": text}, lambda told, text=text: told != text)
        await written.finds({"startsWith": text}, lambda told, text=text: told is not None and told.startswith(text))


@pytest.mark.parametrize("written", [name for name, found in FIELDS.items() if found[4]], indirect=True)
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_in_the_order_of_hostile_texts_lose_and_repeat_nothing(written, direction):
    order = [{"field": written.order, "direction": direction}]
    whole, _ = await written.page(order=order, first=500)
    walked: list[str] = []
    info: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while info["hasNextPage"]:
        found, info = await written.page(order=order, first=9, after=info["endCursor"])
        walked += found
    assert walked == whole
    assert len(set(walked)) == len(walked)
