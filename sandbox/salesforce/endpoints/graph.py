"""Composite graphs: several transactions of dependent requests in one call."""

import re
from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.endpoints.composite import Dispatch, refusal, run_transaction, subrequests_of
from sandbox.salesforce.errors import ApiError, malformed_json

MAX_NODES = 500
MAX_GRAPHS = 75
MAX_DEPTH = 15
MAX_KINDS_OF_NODES = 15
MAX_FAILED_GRAPHS = 14
_GRAPH_ID = re.compile(r"[A-Za-z0-9][\w.\-]*")
_NODE = re.compile(r"/services/data/v[\d.]+/sobjects/(?P<entity>\w+)(?P<row>/[^/]+)?(?P<value>/[^/]+)?/?")
_REFERENCES = re.compile(r"@\{(\w+)")


def graph(call: Call, dispatch: Dispatch) -> Answer:
    """`POST /composite/graph`: api_rest `resources_composite_graph_introduction.htm`, `..._graph_limits.htm`."""
    graphs = call.fields().get("graphs")
    if not isinstance(graphs, list) or not graphs or not all(isinstance(each, dict) for each in graphs):
        raise malformed_json("graphs must be a list of objects")
    read = [(_graph_id(each), subrequests_of(each.get("compositeRequest"))) for each in graphs]
    _refuse_beyond_limits(read)
    answered: list[dict[str, Any]] = []
    failed = 0
    for graph_id, nodes in read:
        if failed > MAX_FAILED_GRAPHS:
            responses = [_halted(each) for each in nodes]
        else:
            responses = run_transaction(call, nodes, dispatch, all_or_none=True)
        successful = all(each["httpStatusCode"] < 400 for each in responses)
        failed += not successful
        answered.append(
            {"graphId": graph_id, "graphResponse": {"compositeResponse": responses}, "isSuccessful": successful}
        )
    return Answer(body={"graphs": answered})


def _graph_id(given: dict[str, Any]) -> str:
    graph_id = given.get("graphId")
    if not isinstance(graph_id, str) or not _GRAPH_ID.fullmatch(graph_id):
        raise malformed_json("Each graph needs a graphId that begins with a letter or a digit")
    return graph_id


def _refuse_beyond_limits(graphs: list[tuple[str, list[dict[str, Any]]]]) -> None:
    if len({graph_id for graph_id, _ in graphs}) < len(graphs):
        raise malformed_json("graphId must be unique in the call")
    if len(graphs) > MAX_GRAPHS:
        raise _beyond(f"The maximum number of graphs in a payload is {MAX_GRAPHS}")
    nodes = [node for _, each in graphs for node in each]
    if len(nodes) > MAX_NODES:
        raise _beyond(f"The maximum number of nodes in a payload is {MAX_NODES}")
    kinds = {_kind(node) for node in nodes}
    if len(kinds) > MAX_KINDS_OF_NODES:
        raise _beyond(f"The maximum number of different nodes in a payload is {MAX_KINDS_OF_NODES}")
    if any(_depth(each) > MAX_DEPTH for _, each in graphs):
        raise _beyond(f"The maximum depth of a graph is {MAX_DEPTH}")


def _kind(node: dict[str, Any]) -> tuple[str, str]:
    """What makes nodes different: object and method. Only rows of objects may be nodes."""
    found = _NODE.fullmatch(node["url"].partition("?")[0])
    method = node["method"].upper()
    if found is None:
        allowed: set[str] = set()
    elif found["value"]:
        allowed = {"GET", "PATCH", "POST", "DELETE"}
    else:
        allowed = {"GET", "PATCH", "DELETE"} if found["row"] else {"POST"}
    if found is None or method not in allowed:
        raise ApiError(400, "INVALID_INPUT", f"{method} {node['url']} is not supported in a composite graph")
    return found["entity"].lower(), method


def _depth(nodes: list[dict[str, Any]]) -> int:
    """The longest chain of nodes that refer to one another."""
    depths: dict[str, int] = {}
    for node in nodes:
        named = _REFERENCES.findall(f"{node['url']} {node.get('body')}")
        depths[node["referenceId"]] = 1 + max((depths.get(name, 0) for name in named), default=0)
    return max(depths.values())


def _halted(node: dict[str, Any]) -> dict[str, Any]:
    answer = refusal()
    return {
        "body": answer.body,
        "httpHeaders": {},
        "httpStatusCode": answer.status,
        "referenceId": node["referenceId"],
    }


def _beyond(message: str) -> ApiError:
    return ApiError(400, "LIMIT_EXCEEDED", message)
