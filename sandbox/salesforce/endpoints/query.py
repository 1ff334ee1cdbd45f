"""SOQL over REST, with its pages."""

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.execution import Execution


def query(call: Call) -> Answer:
    """`GET /query?q=`: api_rest `resources_query.htm`; `?explain=` tells the plan: `dome_query_explain.htm`."""
    if "explain" in call.query:
        return _explain(call, call.query["explain"])
    return _run(call, include_deleted=False)


def query_all(call: Call) -> Answer:
    """`GET /queryAll?q=`, which sees the recycle bin: api_rest `resources_queryall.htm`."""
    return _run(call, include_deleted=True)


def query_more(call: Call) -> Answer:
    """`GET /query/{locator}-{offset}`: api_rest `resources_query_more_results.htm`."""
    return Answer(body=call.instance.cursors.next_page(call.path["locator"], call.version))


def execution(call: Call, *, include_deleted: bool) -> Execution:
    cursors = call.instance.cursors
    batch = cursors.batch_of(call.headers.get("sforce-query-options", ""))
    return Execution(
        call.instance.org,
        call.version,
        lambda result: cursors.first_page(result, call.version, batch),
        include_deleted,
    )


def _run(call: Call, *, include_deleted: bool) -> Answer:
    text = call.query.get("q")
    if not text:
        raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
    run = execution(call, include_deleted=include_deleted)
    return Answer(body=run.child_page(run.run(text)))


def _explain(call: Call, text: str) -> Answer:
    result = execution(call, include_deleted=False).run(text)
    plan = {
        "cardinality": result.total,
        "fields": [],
        "leadingOperationType": "TableScan",
        "notes": [],
        "relativeCost": 1,
        "sobjectCardinality": len(call.instance.org.tables[result.sobject.name]),
        "sobjectType": result.sobject.name,
    }
    return Answer(body={"plans": [plan], "sourceQuery": text})
