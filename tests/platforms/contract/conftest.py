"""What the contract suite asks of a vendor, and the platforms that it is tried on.

Every folder below `platforms/` needs a `tests/platforms/<vendor>/case.py` with

- `CREDENTIALS`: the names of the credentials to sign in with, `OPTIONS`: the vendor's options;
- `PLATFORM`: how the sandbox shall run it (`salesforce:query_page=16`), with pages so small that the firm fills
  several, and `PAGE_ROWS`: how many rows that is; or, for a platform that the sandbox doesn't emulate, `started()`: a
  context manager that gives a namespace like that of `Running.case` below;
- `strangers(type, count)`: ids of the vendor's own form that no record has;
- `fields(platform, facet)`: every field that the vendor's own metadata has for the facet's entity;
- `expire(platform)`: ends every session, so that the next call is refused; left out where credentials don't expire;
- `ROOMY`: the options that give pages as large as the vendor grants, where it is `OPTIONS` that makes them small;
- `BESIDE`: by type, calls that a page needs beside that for the rows themselves;
- `NO_SECRETS`: the credentials that may be seen, such as a user's name;
- `UNTOLD`: by type, paths of which the firm's answer key tells nothing, or something else, each with the reason.

Where the vendor has a writer, also

- `samples(records)`: by type of writable, `new`: values for a new record (or `record`: the id of one that is there,
  where none is made from here), and `change`: other values for it, of as many paths as go together; `records(entity)`
  are the sandbox's records;
- `CREATING`: which of its calls makes a record, as the sandbox's faults match calls;
- `KEPT`: by type, paths that can't be cleared although they may be missing, each with the reason.

For what the platform tells of its changes

- `TOUCHED`: by entity, fields that change a record of the sandbox without harm; entities that nobody can change are
  left out, and so is all of it for a platform that the sandbox doesn't emulate;
- `vanished(told)`: has a record made and then deleted (or whatever the vendor's logs tell of) by one of the platform's
  users, and gives its type, its id, and what it was merged into; `told(method, path, body=None)` is the sandbox's
  control API, or for a platform of its own the `client()` of `started()`;
- `FORGETS`: after how many days the logs' positions are forgotten; left out where they aren't.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self
from urllib.request import Request, urlopen

import pytest

from platforms.connected import Connected
from platforms.http import Headers, HttpResponse
from platforms.readers import Facet, Projection, ReadQuery
from platforms.registry import Connection, vendor, vendors
from platforms.writers import Writable
from runtime.clock import SystemClock
from sandbox.serve import run_loop, serving
from sandbox.world import build_world
from sandbox.world import vendors as emulated_vendors
from schema.roles import PlatformRole

HERE = Path(__file__).parent
AS_OF = date(2026, 11, 20)


# -------------------------------------------------------------------------------------------------- finding vendors


def case_file(name: str) -> Path:
    return HERE.parent / name / "case.py"


def loaded(name: str, path: Path) -> ModuleType:
    """A module of the tests, which are no packages."""
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TRUTH = loaded("contract_truth", HERE / "truth.py")
WIRE = loaded("contract_wire", HERE / "wire.py")
CASES = {name: loaded(f"contract_case_{name}", case_file(name)) for name in vendors() if case_file(name).exists()}
"""A vendor without a case is a failed test of its own, not one left out."""


def connected(
    name: str, url: str, credentials: Mapping[str, str], transport: Any, clock: Any, *, roomy: bool = False
) -> Connected:
    case = CASES[name]
    connection = Connection(
        name=name,
        vendor=name,
        url=url,
        roles=tuple(PlatformRole),
        peers={},
        credentials={key: credentials[key] for key in case.CREDENTIALS},
        options=getattr(case, "ROOMY", case.OPTIONS) if roomy else case.OPTIONS,
        timeout=8.0,
        slots=2,
    )
    return vendor(name).connect(connection, transport, clock)


def facets_of(name: str, wanted: Iterable[str] = ()) -> list[tuple[str, str, PlatformRole]]:
    """The vendor's facets: with `stamped` those that tell when a record was changed, with `touched` those to touch."""
    made_up = dict.fromkeys(CASES[name].CREDENTIALS, "made-up")
    found = connected(name, "http://127.0.0.1:9", made_up, None, SystemClock()).reader.facets
    touched = getattr(CASES[name], "TOUCHED", {})
    keys = [key for key, facet in found.items() if "stamped" not in wanted or "modifiedAt" in facet.by_path()]
    return [(name, *key) for key in keys if "touched" not in wanted or found[key].entity in touched]


def writables_of(name: str) -> list[Writable]:
    made_up = dict.fromkeys(CASES[name].CREDENTIALS, "made-up")
    writer = connected(name, "http://127.0.0.1:9", made_up, None, SystemClock()).writer
    return [] if writer is None else list(writer.writables.values())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that speak of a facet run over every vendor's every facet, others over each vendor's first; tests that
    speak of a writable over all of them, those with `creatable`, `removable` or `unique` over those that are. Facets
    with `stamped` or `touched` are those of `facets_of`.
    """
    if "writable_key" in metafunc.fixturenames:
        wanted = {"creatable", "removable", "unique"} & set(metafunc.fixturenames)
        told = [(name, writable) for name in CASES for writable in writables_of(name)]
        fitting = [(name, it.type, it.role) for name, it in told if all(getattr(it, trait) for trait in wanted)]
        metafunc.parametrize(
            "writable_key", fitting, ids=[f"{name}-{kind}-{role.value}" for name, kind, role in fitting]
        )
        return
    if "facet_key" not in metafunc.fixturenames:
        return
    by_vendor = {name: facets_of(name, metafunc.fixturenames) for name in CASES}
    if "facet" in metafunc.fixturenames:
        keys = [key for found in by_vendor.values() for key in found]
        ids = [f"{name}-{kind}-{role.value}" for name, kind, role in keys]
    else:
        keys, ids = [found[0] for found in by_vendor.values()], list(by_vendor)
    metafunc.parametrize("facet_key", keys, ids=ids)


@pytest.fixture
def vendor_name(facet_key: tuple[str, str, PlatformRole]) -> str:
    return facet_key[0]


# ------------------------------------------------------------------------------------------------ running platforms


class Running:
    """The firm's emulated platforms on loopback ports, in a thread with a loop of its own."""

    def __init__(self) -> None:
        specs = [getattr(CASES[name], "PLATFORM", name) if name in CASES else name for name in emulated_vendors()]
        self.world = build_world(platforms=specs, accounts=30, seed=7, as_of=AS_OF)
        self.truth = TRUTH.Truth(self.world)
        self.ready: dict[str, Any] = {}
        self._started, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: run_loop(self._serve()), name="contract-sandbox")

    async def _serve(self) -> None:
        async with serving(self.world) as ready:
            self.ready = ready["platforms"]
            self._started.set()
            await asyncio.to_thread(self._stopped.wait)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(30)

    def case(self, name: str) -> SimpleNamespace:
        module, platform = CASES[name], self.world.platforms[name]
        untold = getattr(module, "UNTOLD", {})
        expire = getattr(module, "expire", None)
        busy = platform.rate_limited()
        return SimpleNamespace(
            url=self.ready[name]["url"],
            credentials=platform.credentials,
            truth=lambda facet: self.truth.rows(name, facet, frozenset(untold.get(facet.type, ()))),
            held=lambda facet: self.truth.held(name, facet),
            rate_limited=HttpResponse(
                status=busy.status_code,
                headers=Headers([(key.decode(), value.decode()) for key, value in busy.raw_headers]),
                body=bytes(busy.body),
            ),
            expire=expire and (lambda: expire(platform)),
            fields=lambda facet: module.fields(platform, facet),
        )


@pytest.fixture(scope="session")
def emulated() -> Iterator[Running]:
    with Running() as running:
        yield running


@pytest.fixture
def case(vendor_name: str, emulated: Running, request: pytest.FixtureRequest) -> SimpleNamespace:
    """The vendor's own words beside the platform that runs for it."""
    module = CASES[vendor_name]
    if hasattr(module, "started"):
        found: SimpleNamespace = request.getfixturevalue("self_started")(vendor_name, module)
    else:
        found = emulated.case(vendor_name)
    found.strangers = module.strangers
    found.no_secrets = getattr(module, "NO_SECRETS", ())
    found.beside = lambda facet: getattr(module, "BESIDE", {}).get(facet.type, 0)
    found.page_rows = module.PAGE_ROWS
    return found


@pytest.fixture(scope="session")
def self_started() -> Iterator[Callable[[str, ModuleType], SimpleNamespace]]:
    running: dict[str, tuple[Any, SimpleNamespace]] = {}

    def start(name: str, module: ModuleType) -> SimpleNamespace:
        if name not in running:
            context = module.started()
            running[name] = (context, context.__enter__())
        return running[name][1]

    yield start
    for context, _ in running.values():
        context.__exit__(None, None, None)


@pytest.fixture
async def wire() -> Any:
    made = WIRE.Wire()
    yield made
    await made.close()


@pytest.fixture
def platform(vendor_name: str, case: SimpleNamespace, wire: Any) -> Connected:
    return connected(vendor_name, case.url, case.credentials, wire, wire)


@pytest.fixture
def writing(writable_key: tuple[str, str, PlatformRole], fresh_sandbox: dict[str, Any], wire: Any) -> SimpleNamespace:
    """The sandbox's platform as its writer has it, beside the vendor's own words.

    `again()` connects it once more, with a gate that knows nothing of earlier failures.
    """
    name, type_name, role = writable_key
    module, ready = CASES[name], fresh_sandbox["platforms"][name]
    assert hasattr(module, "samples"), f"{case_file(name)} has no samples of what its writer writes"

    def told(path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urlopen(Request(fresh_sandbox["control"] + path, data=content), timeout=10) as answer:
            return json.load(answer)

    def again() -> Any:
        return connected(name, ready["url"], ready["credentials"], wire, wire).writer

    sample = module.samples(lambda entity: told(f"/records/{name}/{entity}")["records"])[type_name]
    writer = again()
    return SimpleNamespace(
        writer=writer,
        writable=writer.writables[type_name, role],
        again=again,
        new=sample.get("new"),
        record=sample.get("record"),
        change=sample["change"],
        kept=getattr(module, "KEPT", {}).get(type_name, ()),
        strangers=lambda count: module.strangers(type_name, count),
        goes_wrong=lambda **fault: told("/faults", {"platform": name, "match": module.CREATING, "times": 1, **fault}),
        secrets=[
            value
            for key, value in ready["credentials"].items()
            if len(value) > 8 and key in module.CREDENTIALS and key not in getattr(module, "NO_SECRETS", ())
        ],
    )


@pytest.fixture
def stamped(facet: Facet) -> str:
    """The path by which the facet's changes are followed."""
    assert "modifiedAt" in facet.by_path()
    return "modifiedAt"


@pytest.fixture
def touched(vendor_name: str, facet: Facet) -> Mapping[str, Any]:
    """Fields that change a record without harm."""
    fields: Mapping[str, Any] = CASES[vendor_name].TOUCHED[facet.entity]
    return fields


@pytest.fixture
def changing(vendor_name: str, request: pytest.FixtureRequest, wire: Any) -> SimpleNamespace:
    """A platform whose users change records, and the vendor's own words about it.

    `told(method, path, body)` is the sandbox's control API (None for a platform of its own), `vanish()` has a record
    vanish.
    """
    module = CASES[vendor_name]
    if hasattr(module, "started"):
        own = request.getfixturevalue("case")
        platform = connected(vendor_name, own.url, own.credentials, wire, wire)
        return SimpleNamespace(
            platform=platform, module=module, told=None, vanish=lambda: module.vanished(own.client())
        )
    sandbox = request.getfixturevalue("fresh_sandbox")
    ready = sandbox["platforms"][vendor_name]

    def told(method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urlopen(Request(sandbox["control"] + path, content, method=method), timeout=10) as answer:
            return json.load(answer)

    platform = connected(vendor_name, ready["url"], ready["credentials"], wire, wire)
    return SimpleNamespace(platform=platform, module=module, told=told, vanish=lambda: module.vanished(told))


@pytest.fixture
def roomy(vendor_name: str, case: SimpleNamespace, wire: Any) -> Connected:
    """The same platform, asked for large pages where it has them: for hundreds of questions not about paging."""
    return connected(vendor_name, case.url, case.credentials, wire, wire, roomy=True)


@pytest.fixture
def facet(platform: Connected, facet_key: tuple[str, str, PlatformRole]) -> Facet:
    return platform.reader.facets[facet_key[1], facet_key[2]]


@pytest.fixture
def projection(platform: Connected, facet: Facet) -> Projection:
    """Every path of the facet."""
    return platform.reader.project(facet, [row.path for row in facet.rows])


@pytest.fixture
def any_facet(platform: Connected) -> Facet:
    """The facet to try what doesn't depend on the facet: that of the vendor's main record."""
    return next(iter(platform.reader.facets.values()))


@pytest.fixture
def read_all(platform: Connected) -> Callable[..., Any]:
    """Reads to the last page: `await read_all(projection, by=..., keys=..., where=..., order=..., limit=...)`.

    `of` is the platform to ask, if it isn't `platform`.
    """

    async def read(projection: Projection, *, of: Connected | None = None, **query: Any) -> list[Any]:
        reader = (of or platform).reader
        page = await reader.read(projection, ReadQuery(**query))
        rows = page.rows
        while page.more is not None and (query.get("limit") is None or len(rows) < query["limit"]):
            page = await reader.read(projection, ReadQuery(**{**query, "resume": page.more}))
            rows = rows + page.rows
        return rows

    return read


@pytest.fixture
def told(projection: Projection) -> Callable[[Any], dict[str, Any]]:
    """A row as canonical values by path."""
    getters = {row.path: projection.getter(row.path) for row in projection.facet.rows}
    return lambda row: {path: get(row) for path, get in getters.items()}


@pytest.fixture
def matches() -> Callable[[Mapping[str, Any], Mapping[str, Any]], bool]:
    """Whether a row says what the answer key tells of it."""
    return lambda key, row: all(TRUTH.alike(value, row[path]) for path, value in key.items())
