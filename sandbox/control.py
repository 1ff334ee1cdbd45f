"""The control API: what was called, what shall go wrong, what is true, and back to the beginning."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.fault_requests import read_fault
from sandbox.firm.answer_key import TYPES, answer_key
from sandbox.platform import EmulatedPlatform, RefusedChange
from sandbox.refusals import RefusedRequest, unknown
from sandbox.stamps import NOW, Stamp
from sandbox.store import Record
from sandbox.user_changes import LateChanges, read_timing, stamped
from sandbox.webhooks.subscriptions import read_subscription
from sandbox.world import World

T = TypeVar("T")
_JSON = msgspec.json.Encoder(decimal_format="number")
ENDPOINTS = (
    "GET /calls", "DELETE /calls", "GET /faults", "POST /faults", "DELETE /faults[/ID]", "GET /firm[?type=TYPE,...]",
    "GET /records/PLATFORM/ENTITY[/ID]", "POST /records/PLATFORM/ENTITY", "PATCH /records/PLATFORM/ENTITY/ID",
    "DELETE /records/PLATFORM/ENTITY/ID", "GET /webhooks", "POST /webhooks", "DELETE /webhooks[/ID]", "POST /reset",
)  # fmt: skip


class Control:
    """The endpoints, over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._late = LateChanges()

    async def index(self, _: Request) -> Response:
        return _answer({"sandbox": "crosswalk", "platforms": list(self._world.platforms), "endpoints": ENDPOINTS})

    async def calls(self, _: Request) -> Response:
        return _answer(self._world.calls.report())

    async def forget_calls(self, _: Request) -> Response:
        self._world.calls.forget()
        return _answer({})

    async def faults(self, _: Request) -> Response:
        return _answer({"faults": [fault.as_json() for fault in self._world.faults]})

    async def add_fault(self, request: Request) -> Response:
        asked = await _object_of(request)
        fault = read_fault(asked, self._world.platforms, self._world.faults.next_id())
        self._world.faults.add(fault)
        return _answer({"id": fault.id}, 201)

    async def remove_fault(self, request: Request) -> Response:
        fault_id = request.path_params["id"]
        if not self._world.faults.remove(fault_id):
            raise RefusedRequest(404, "UNKNOWN_FAULT", f"no fault {fault_id!r}: it was removed, or its times ran out")
        return _answer({})

    async def remove_faults(self, _: Request) -> Response:
        self._world.faults.clear()
        return _answer({})

    async def webhooks(self, _: Request) -> Response:
        webhooks = self._world.webhooks
        return _answer({"senders": webhooks.senders, "webhooks": [each.as_json() for each in webhooks]})

    async def add_webhook(self, request: Request) -> Response:
        webhooks = self._world.webhooks
        webhook = read_subscription(await _object_of(request), self._world.platforms, webhooks.next_id())
        webhooks.add(webhook)
        return _answer({"id": webhook.id}, 201)

    async def remove_webhook(self, request: Request) -> Response:
        if not self._world.webhooks.remove(request.path_params["id"]):
            raise RefusedRequest(404, "UNKNOWN_WEBHOOK", f"no webhook {request.path_params['id']!r}")
        return _answer({})

    async def remove_webhooks(self, _: Request) -> Response:
        self._world.webhooks.clear()
        return _answer({})

    async def records(self, request: Request) -> Response:
        """An entity's records, or those whose fields equal the query's parameters; `limit` and `offset` page."""
        platform, entity = self._entity(request)
        wanted = dict(request.query_params)
        limit, offset = _whole(wanted.pop("limit", None), "limit"), _whole(wanted.pop("offset", None), "offset") or 0
        end = None if limit is None else offset + limit
        ids = list(platform.tables[entity].rows)
        if not wanted:  # the usual page of a large table: only its own records are shown
            return _answer({"total": len(ids), "records": _shown_of(platform, entity, ids[offset:end])})
        found = [record for record in _shown_of(platform, entity, ids) if _fits(record, wanted)]
        return _answer({"total": len(found), "records": found[offset:end]})

    async def record(self, request: Request) -> Response:
        platform, entity = self._entity(request)
        return _answer(_shown(platform, entity, request.path_params["id"]))

    async def create(self, request: Request) -> Response:
        platform, entity = self._entity(request)
        fields = await _object_of(request)

        def create() -> Record:
            return platform.create(entity, fields)

        def show(record: Record) -> Response:
            return _answer(_shown(platform, entity, str(record[platform.tables[entity].key])), 201)

        return self._done(request, platform, create, show)

    async def change(self, request: Request) -> Response:
        platform, entity = self._entity(request)
        record_id = request.path_params["id"]
        _shown(platform, entity, record_id)
        fields = await _object_of(request)

        def change() -> Record:
            return platform.change(entity, record_id, fields)

        return self._done(request, platform, change, lambda _: _answer(_shown(platform, entity, record_id)))

    async def remove(self, request: Request) -> Response:
        platform, entity = self._entity(request)
        record_id = request.path_params["id"]
        _shown(platform, entity, record_id)
        into = read_timing(request.query_params, removing=True).into

        def remove() -> None:
            if into is None:
                platform.remove(entity, record_id)
            else:
                platform.merge(entity, record_id, into)

        return self._done(request, platform, remove, lambda _: _answer({}))

    def _done(
        self, request: Request, platform: EmulatedPlatform, change: Callable[[], T], show: Callable[[T], Response]
    ) -> Response:
        """Makes a change as the request's query says: with another stamp than now's, or so that it is seen later."""
        timing = read_timing(request.query_params, removing=request.method == "DELETE")
        if not timing.visible_after:
            return show(stamped(platform, timing.stamp, change))
        if platform.stamps is None:
            raise RefusedChange(f"{platform.name} shows every change at once")
        at = self._world.clock()
        stamp = Stamp(at=at) if timing.stamp == NOW else timing.stamp
        self._late.hold(timing.visible_after, lambda: stamped(platform, stamp, change))
        return _answer({"visible_at": (at + timedelta(seconds=timing.visible_after)).isoformat()}, 202)

    async def firm(self, request: Request) -> Response:
        types = frozenset(filter(None, request.query_params.get("type", "").split(",")))
        for name in types.difference(TYPES):
            raise RefusedRequest(422, "UNKNOWN_TYPE", unknown("canonical type", name, TYPES))
        world = self._world
        # A large firm's answer key takes seconds; the platforms keep answering meanwhile.
        return await asyncio.to_thread(
            lambda: _answer(answer_key(world.firm, {**world.platforms, **world.real}, world.clock, types or None))
        )

    async def reset(self, _: Request) -> Response:
        self._world.webhooks.clear()
        self._late.forget()
        if self._world.real:  # takes seconds
            await asyncio.to_thread(self._world.reset)
        else:
            self._world.reset()
        return _answer({})

    def _entity(self, request: Request) -> tuple[EmulatedPlatform, str]:
        name, entity = request.path_params["platform"], request.path_params["entity"]
        platform = self._world.platforms.get(name)
        if platform is None:
            raise RefusedRequest(404, "UNKNOWN_PLATFORM", unknown("platform", name, self._world.platforms))
        if entity not in platform.tables:
            raise RefusedRequest(404, "UNKNOWN_ENTITY", unknown(f"entity of {name}", entity, platform.tables))
        return platform, entity


def control_app(world: World) -> Starlette:
    control = Control(world)
    one, many = "/records/{platform}/{entity}/{id}", "/records/{platform}/{entity}"
    return Starlette(
        routes=[
            _route("/", GET=control.index),
            _route("/calls", GET=control.calls, DELETE=control.forget_calls),
            _route("/faults", GET=control.faults, POST=control.add_fault, DELETE=control.remove_faults),
            _route("/faults/{id}", DELETE=control.remove_fault),
            _route("/webhooks", GET=control.webhooks, POST=control.add_webhook, DELETE=control.remove_webhooks),
            _route("/webhooks/{id}", DELETE=control.remove_webhook),
            _route(many, GET=control.records, POST=control.create),
            _route(one, GET=control.record, PATCH=control.change, DELETE=control.remove),
            _route("/firm", GET=control.firm),
            _route("/reset", POST=control.reset),
        ],
        exception_handlers={
            RefusedRequest: lambda _, refused: _refusal(refused.status, refused.code, str(refused)),
            RefusedChange: lambda _, refused: _refusal(422, "REFUSED_CHANGE", str(refused)),
            HTTPException: _http_refusal,
        },
    )


def _route(path: str, **endpoints: Callable[[Request], Awaitable[Response]]) -> Route:
    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=list(endpoints))


def _http_refusal(request: Request, refused: Exception) -> Response:
    status = refused.status_code if isinstance(refused, HTTPException) else 500
    if status == 405:
        return _refusal(405, "METHOD", f"{request.method} {request.url.path} is not offered; GET / lists what is")
    return _refusal(status, "NOT_FOUND", f"nothing at {request.url.path}; GET / lists the endpoints")


def _refusal(status: int, code: str, message: str) -> Response:
    return _answer({"error": {"code": code, "message": message}}, status)


def _answer(body: object, status: int = 200) -> Response:
    return Response(_JSON.encode(body), status, media_type="application/json")


async def _object_of(request: Request) -> Record:
    try:
        body = json.loads(await request.body(), parse_float=Decimal)
    except ValueError as wrong:
        raise RefusedRequest(422, "NOT_JSON", f"the body is not JSON: {wrong}") from wrong
    if not isinstance(body, dict):
        raise RefusedRequest(422, "NOT_AN_OBJECT", "the body must be a JSON object")
    return body


def _whole(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not text.isdecimal():
        raise RefusedRequest(422, "INVALID", f"{name} must be a whole number, not {text!r}")
    return int(text)


def _shown(platform: EmulatedPlatform, entity: str, record_id: str) -> dict[str, Any]:
    record = platform.show(entity, record_id)
    if record is None:
        raise RefusedRequest(404, "UNKNOWN_RECORD", f"{platform.name} has no {entity} {record_id!r}")
    return record


def _shown_of(platform: EmulatedPlatform, entity: str, ids: Iterable[str]) -> list[Record]:
    shown = (platform.show(entity, record_id) for record_id in ids)
    return [record for record in shown if record is not None]


def _fits(record: Record, wanted: dict[str, str]) -> bool:
    return all(_as_query(record.get(name)) == value for name, value in wanted.items())


def _as_query(value: object) -> str:
    return value if isinstance(value, str) else _JSON.encode(value).decode()
