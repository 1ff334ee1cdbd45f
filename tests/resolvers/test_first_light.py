async def test_accounts_with_everything(world):
    answer = await world.ask(
        """{ accounts(first: 50) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id name __typename
        billing { legalName creditHold overdue { amount currency } billTo { lines country } legalEntity { name } }
        parent { name } children { nodes { name } }
        projects(first: 3) { totalCount nodes { code budget { amount } account { name } } }
        invoices(first: 2, orderBy: [{field: TOTAL, direction: DESC}]) { nodes { number total { amount } lines { nodes { number description } } project { name } } }
        sources { platform role entity externalId url freshness } } } } }"""
    )
    print(answer.get("errors"))
    assert "errors" not in answer
    print(answer["data"]["accounts"]["edges"][1])
    print(dict(world.calls))
    assert len(answer["data"]["accounts"]["edges"]) == 50
    cursor = answer["data"]["accounts"]["pageInfo"]["endCursor"]
    rest = await world.ask(
        "query($c: String) { accounts(first: 50, after: $c) { nodes { name } pageInfo { hasNextPage hasPreviousPage } } }",
        c=cursor,
    )
    assert [n["name"] for n in rest["data"]["accounts"]["nodes"]] == [f"Account {n:03}" for n in range(50, 60)]


async def test_one_account_in_one_round(world):
    first = await world.ask("{ accounts(first: 1) { nodes { id } } }")
    found = first["data"]["accounts"]["nodes"][0]["id"]
    world.calls
    for platform in world.platforms.values():
        platform.times.clear()
    answer = await world.ask(
        "query($id: ID!) { account(id: $id) { name billing { legalName } projects { nodes { name } } invoices { nodes { number } } } a: node(id: $id) { id ... on Account { name } } }",
        id=found,
    )
    print(answer, dict(world.calls))
    assert "errors" not in answer


async def test_joined(world):
    answer = await world.ask(
        """{ accounts(filter: {industry: {eq: "Energy"}, creditHold: {eq: true}}, orderBy: [{field: OVERDUE, direction: DESC}]) { totalCount nodes { name industry billing { creditHold overdue { amount } } } } }""",
        explain=True,
    )
    print(answer, dict(world.calls))
    answer = await world.ask(
        """{ invoices(filter: {account: {ownerName: {eq: "Owner 1"}}, dueDate: {lt: "2026-02-10"}}, first: 3) { totalCount nodes { number account { ownerName } } } projects(filter: {name: {contains: "7"}}, first: 4, orderBy: [{field: START_DATE}]) { totalCount nodes { name startDate } pageInfo { endCursor } } }""",
        explain=False,
    )
    print(answer, dict(world.calls))
