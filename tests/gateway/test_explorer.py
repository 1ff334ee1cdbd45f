"""The explorer works with no network beyond this machine, and shows nothing by itself."""

import re
from importlib.resources import files
from typing import Any

import httpx2 as httpx
import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from gateway.documents import Documents
from gateway.options import EdgeOptions

PAGES = ["/", "/graphiql"]


@pytest.fixture
def assets() -> Any:
    return files("gateway.explorer") / "assets"


@pytest.mark.parametrize("path", PAGES)
async def test_the_page_loads_from_this_host_only(gateway: Any, path: str) -> None:
    async with gateway.client(key=None) as client:
        page = await client.get(path)
        assert page.headers["content-type"].startswith("text/html")
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) == 7
        for url in loaded:
            assert url.startswith("/graphiql/")
            assert (await client.get(url)).status_code == 200
    assert "<script>" not in page.text
    assert "style=" not in page.text
    assert "onclick" not in page.text


@pytest.mark.parametrize(
    "path", [*PAGES, "/graphiql/explorer.js", "/graphiql/graphiql-3.8.3.js", "/graphiql/samples.json"]
)
async def test_the_policy_allows_nothing_foreign(gateway: Any, path: str) -> None:
    async with gateway.client(key=None) as client:
        headers = (await client.get(path)).headers
    rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert "http" not in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert headers["referrer-policy"] == "no-referrer"


async def test_what_names_its_version_is_kept_and_the_rest_is_asked_for_again(client: httpx.AsyncClient) -> None:
    bundle = await client.get("/graphiql/react-18.3.1.js")
    assert "immutable" in bundle.headers["cache-control"]
    script = await client.get("/graphiql/explorer.js")
    assert script.headers["cache-control"] == "no-cache"
    again = await client.get("/graphiql/explorer.js", headers={"if-none-match": script.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_no_path_leads_out_of_the_folder(client: httpx.AsyncClient) -> None:
    for path in (
        "/graphiql/../__init__.py",
        "/graphiql/%2e%2e/__init__.py",
        "/graphiql/README.md",
        "/graphiql/page.html",
    ):
        assert (await client.get(path)).status_code == 404


def test_the_key_is_kept_for_the_tab_only(assets: Any) -> None:
    script = (assets / "explorer.js").read_text()
    assert "sessionStorage" in script
    assert "localStorage" not in script


async def test_the_gallery_holds_operations_that_the_graph_answers(client: httpx.AsyncClient) -> None:
    samples = (await client.get("/graphiql/samples.json")).json()
    assert 3 <= len(samples) <= 8
    documents = Documents(build_schema((files("schema") / "schema.graphql").read_text()), EdgeOptions())
    for sample in samples:
        (operation,) = parse(sample["query"]).definitions
        assert isinstance(operation, OperationDefinitionNode)
        assert operation.name is not None
        assert 10 < len(sample["title"]) < 120
        assert documents.prepare(sample["query"]).errors == ()


async def test_the_explorer_can_be_switched_off(make_gateway: Any) -> None:
    async with make_gateway(explorer=False).client() as client:
        for path in PAGES:
            assert (await client.get(path)).status_code == 404
