"""Several requests in one: composite, batch, graph, tree."""

from typing import Any

from sandbox.salesforce import SalesforcePlatform

DATA = "/services/data/v62.0"


def step(reference: str, method: str, path: str, body: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    given = {} if body is None else {"body": body}
    return {"referenceId": reference, "method": method, "url": DATA + path, **given, **more}


async def composite(api: Any, *steps: dict[str, Any], **envelope: Any) -> list[dict[str, Any]]:
    answer = await api.send("POST", "/composite", json={**envelope, "compositeRequest": list(steps)})
    assert answer.status_code == 200, answer.text
    return answer.json()["compositeResponse"]


async def test_later_steps_use_what_earlier_ones_answered(api: Any, org: SalesforcePlatform) -> None:
    account, contact, read, query = await composite(
        api,
        step("acc", "PATCH", "/sobjects/Account/CW_Key__c/acct-12", {"Name": "Halden AS"}),
        step("con", "POST", "/sobjects/Contact", {"LastName": "Berg", "AccountId": "@{acc.id}"}),
        step("read", "GET", "/sobjects/Account/@{acc.id}?fields=Name"),
        step("q", "GET", "/query/?q=SELECT+Id,(SELECT+LastName+FROM+Contacts)+FROM+Account+WHERE+Id='%40%7Bacc.id%7D'"),
        allOrNone=True,
    )
    assert (account["httpStatusCode"], account["referenceId"], account["body"]["created"]) == (201, "acc", True)
    assert account["httpHeaders"]["Location"].endswith(account["body"]["id"])
    assert org.tables["Contact"].rows[contact["body"]["id"]]["AccountId"] == account["body"]["id"]
    assert read["body"]["Name"] == "Halden AS"
    assert query["body"]["records"][0]["Contacts"]["records"][0]["LastName"] == "Berg"
    assert org.instance.quota.used == 1


async def test_a_nested_reference_reaches_into_query_results(api: Any, org: SalesforcePlatform) -> None:
    _, patched = await composite(
        api,
        step("q", "GET", "/query?q=SELECT+Id+FROM+Account+LIMIT+2"),
        step("p", "PATCH", "/sobjects/Account/@{q.records[1].Id}", {"Site": "found"}),
    )
    assert (patched["httpStatusCode"], patched["body"]) == (204, None)
    assert list(org.tables["Account"])[1]["Site"] == "found"


async def test_a_failure_undoes_everything_when_asked(api: Any, org: SalesforcePlatform) -> None:
    before = len(org.tables["Account"])
    good, bad, after = await composite(
        api,
        step("a", "POST", "/sobjects/Account", {"Name": "A"}),
        step("b", "POST", "/sobjects/Contact", {}),
        step("c", "GET", "/limits"),
        allOrNone=True,
    )
    assert [each["httpStatusCode"] for each in (good, bad, after)] == [400, 400, 400]
    assert good["body"][0]["errorCode"] == after["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert bad["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert len(org.tables["Account"]) == before


async def test_without_all_or_none_only_dependants_fail(api: Any, org: SalesforcePlatform) -> None:
    before = len(org.tables["Account"])
    steps = await composite(
        api,
        step("a", "POST", "/sobjects/Account", {}),
        step("b", "POST", "/sobjects/Contact", {"LastName": "x", "AccountId": "@{a.id}"}),
        step("c", "POST", "/sobjects/Account", {"Name": "C"}),
        step("d", "GET", "/sobjects/Account/@{later.id}"),
        step("e", "GET", "/sobjects/Account/@{c.nothing}"),
    )
    codes = [each["body"][0]["errorCode"] if each["httpStatusCode"] >= 400 else "" for each in steps]
    assert codes == ["REQUIRED_FIELD_MISSING", "PROCESSING_HALTED", "", "PROCESSING_HALTED", "PROCESSING_HALTED"]
    assert len(org.tables["Account"]) == before + 1


async def test_collections_inside_a_composite_read_many_objects_in_one_call(api: Any, org: SalesforcePlatform) -> None:
    ids = {entity: list(org.tables[entity].rows)[:3] for entity in ("Account", "Contact", "Opportunity")}
    answers = await composite(
        api, *(step(each, "POST", f"/composite/sobjects/{each}", {"ids": ids[each], "fields": ["Id"]}) for each in ids)
    )
    for answer in answers:
        assert [row["Id"] for row in answer["body"]] == ids[answer["referenceId"]]


async def test_composites_have_limits(api: Any) -> None:
    read = [step(f"r{at}", "GET", "/limits") for at in range(26)]
    assert len(await composite(api, *read[:25])) == 25
    queries = [step(f"q{at}", "GET", "/query?q=SELECT+Id+FROM+User") for at in range(6)]
    assert len(await composite(api, *queries[:5])) == 5
    for envelope in (read, queries, [], [read[0], read[0]], [{"method": "GET"}], ["x"]):
        answer = await api.send("POST", "/composite", json={"compositeRequest": envelope})
        assert answer.status_code == 400
    (nested,) = await composite(api, step("n", "POST", "/composite/batch", {"batchRequests": []}))
    assert nested["httpStatusCode"] == 404


async def test_headers_of_a_step_apply_to_it(api: Any, org: SalesforcePlatform) -> None:
    account = next(iter(org.tables["Account"].rows))
    (stale,) = await composite(
        api, step("p", "PATCH", f"/sobjects/Account/{account}", {"Site": "x"}, httpHeaders={"If-Match": '"old"'})
    )
    assert stale["httpStatusCode"] == 412


async def test_a_batch_runs_independent_requests_and_counts_each(api: Any, org: SalesforcePlatform) -> None:
    account = next(iter(org.tables["Account"].rows))
    requests = [
        {"method": "GET", "url": f"v62.0/sobjects/Account/{account}?fields=Name"},
        {"method": "PATCH", "url": f"v62.0/sobjects/Account/{account}", "richInput": {"Site": "x"}},
        {"method": "GET", "url": "v62.0/sobjects/Account/001000000000000AAA"},
        {"method": "GET", "url": "v62.0/limits"},
    ]
    answer = (await api.send("POST", "/composite/batch", json={"batchRequests": requests})).json()
    assert answer["hasErrors"] is True
    assert [each["statusCode"] for each in answer["results"]] == [200, 204, 404, 200]
    assert answer["results"][1]["result"] is None
    assert org.instance.quota.used == 4
    halted = (await api.send("POST", "/composite/batch", json={"haltOnError": True, "batchRequests": requests})).json()
    assert halted["results"][3]["statusCode"] == 412
    assert halted["results"][3]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    for bad in ([], requests * 7, ["x"]):
        assert (await api.send("POST", "/composite/batch", json={"batchRequests": bad})).status_code == 400


async def test_each_graph_is_a_transaction(api: Any, org: SalesforcePlatform) -> None:
    before = len(org.tables["Account"])
    graphs = [
        {
            "graphId": "g1",
            "compositeRequest": [
                step("a", "POST", "/sobjects/Account", {"Name": "A"}),
                step("c", "POST", "/sobjects/Contact", {"LastName": "B", "AccountId": "@{a.id}"}),
            ],
        },
        {
            "graphId": "g2",
            "compositeRequest": [
                step("a", "POST", "/sobjects/Account", {"Name": "A"}),
                step("c", "POST", "/sobjects/Contact", {}),
            ],
        },
    ]
    first, second = (await api.send("POST", "/composite/graph", json={"graphs": graphs})).json()["graphs"]
    assert (first["graphId"], first["isSuccessful"], second["isSuccessful"]) == ("g1", True, False)
    codes = [each["body"][0]["errorCode"] for each in second["graphResponse"]["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert len(org.tables["Account"]) == before + 1


async def test_after_fifteen_failed_graphs_the_rest_is_halted(api: Any, org: SalesforcePlatform) -> None:
    before = len(org.tables["Account"])
    graphs = [
        {
            "graphId": f"g{at}",
            "compositeRequest": [step("a", "POST", "/sobjects/Account", {} if at < 15 else {"Name": "x"})],
        }
        for at in range(16)
    ]
    answer = (await api.send("POST", "/composite/graph", json={"graphs": graphs})).json()["graphs"]
    assert answer[15]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert len(org.tables["Account"]) == before


async def test_graphs_have_limits(api: Any) -> None:
    def chain(length: int) -> list[dict[str, Any]]:
        nodes = [step("n0", "POST", "/sobjects/Account", {"Name": "x"})]
        later = ({"Name": "x", "ParentId": f"@{{n{at - 1}.id}}"} for at in range(1, length))
        return nodes + [step(f"n{at}", "POST", "/sobjects/Account", body) for at, body in enumerate(later, start=1)]

    async def status(graphs: list[dict[str, Any]]) -> int:
        return (await api.send("POST", "/composite/graph", json={"graphs": graphs})).status_code

    assert await status([{"graphId": "g", "compositeRequest": chain(15)}]) == 200
    assert await status([{"graphId": "g", "compositeRequest": chain(16)}]) == 400
    assert await status([{"graphId": "_g", "compositeRequest": chain(1)}]) == 400
    assert await status([{"graphId": "g", "compositeRequest": chain(1)}] * 2) == 400
    assert await status([{"graphId": f"g{at}", "compositeRequest": chain(1)} for at in range(76)]) == 400
    assert await status([{"graphId": "g", "compositeRequest": [step("q", "GET", "/query?q=x")]}]) == 400


async def test_a_tree_is_created_whole_or_not_at_all(api: Any, org: SalesforcePlatform) -> None:
    contact = {"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "Berg"}
    root = {
        "attributes": {"type": "Account", "referenceId": "r1"},
        "Name": "Halden",
        "Contacts": {"records": [contact]},
    }
    answer = await api.send("POST", "/composite/tree/Account", json={"records": [root]})
    assert answer.status_code == 201
    account, child = answer.json()["results"]
    assert (answer.json()["hasErrors"], account["referenceId"], child["referenceId"]) == (False, "r1", "r2")
    assert org.tables["Contact"].rows[child["id"]]["AccountId"] == account["id"]
    before = len(org.tables["Account"])
    del contact["LastName"]
    bad = await api.send("POST", "/composite/tree/Account", json={"records": [root]})
    assert bad.status_code == 400
    assert bad.json()["results"][0]["referenceId"] == "r2"
    assert bad.json()["results"][0]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert len(org.tables["Account"]) == before
