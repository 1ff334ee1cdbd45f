"""The emulated Kantata account as the sandbox holds it: its API, its truth, and its users' changes."""

from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from sandbox.firm.model import Firm
from sandbox.kantata import spoiling, writing
from sandbox.kantata.account import Account, access_token
from sandbox.kantata.actions import Actions
from sandbox.kantata.by_hand import by_hand
from sandbox.kantata.catalog import COLLECTIONS
from sandbox.kantata.door import Door
from sandbox.kantata.envelope import everything
from sandbox.kantata.errors import ApiError, NotFoundError, RateLimitError
from sandbox.kantata.limits import GENERAL, RateLimits
from sandbox.kantata.routes import collection_routes
from sandbox.kantata.seeding import Seeding, seed_companies, seed_people, seed_setup
from sandbox.kantata.seeding_projects import seed_project
from sandbox.kantata.wire import plain, refusal
from sandbox.platform import Clock, EmulatedPlatform, KnownAs, RefusedChange
from sandbox.stamps import Stamps
from sandbox.store import Record, Table
from sandbox.write_faults import Spot

SOUGHT = (
    ("external_references", "_subject"),
    ("external_references", "service_model_ref"),
    ("custom_field_values", "_subject"),
    ("custom_field_values", "_match"),
    ("workspaces", "archived"),
    ("workspaces", "primary_workspace_group_id"),
    *(
        (table, "workspace_id")
        for table in ("stories", "participations", "workspace_resources", "workspace_allocations")
    ),
    *((table, "workspace_id") for table in ("timesheet_submissions", "expense_report_submissions")),
    *((table, column) for table in ("time_entries", "expenses") for column in ("workspace_id", "user_id")),
    ("time_entries", "story_id"),
    ("stories", "parent_id"),
)
"""The table columns by which nearly every client looks records up."""


class KantataPlatform(EmulatedPlatform):
    """Times are shown in the account's zone. `revoke_access_token` makes the given-out token fail until `reset`."""

    vendor = "kantata"
    role = "PSA"
    stamps: Stamps

    def __init__(
        self,
        firm: Firm,
        *,
        name: str,
        clock: Clock,
        zone: timezone,
        administrator: bool,
        event_lag: timedelta,
        per_minute: Mapping[str, int],
    ) -> None:
        self.name = name
        self._firm = firm
        self.stamps = Stamps(clock)
        self._zone = zone
        self._administrator = administrator
        self._event_lag = event_lag
        self._limits = RateLimits(clock, per_minute)
        self._token = access_token(name, firm.seed)
        self.credentials = {"access_token": self._token}
        self.reset()
        self.app: ASGIApp = Door(self._dispatch, accepts=self._accepts, limits=self._limits, routes=self._served.routes)

    def reset(self) -> None:
        self._revoked = False
        self._limits.reset()
        self.account = Account(
            collections=COLLECTIONS,
            clock=self.stamps,
            zone=self._zone,
            administrator=self._administrator,
            event_lag=self._event_lag,
            write_faults=self.write_faults,
        )
        self.tables: Mapping[str, Table] = self.account.tables
        seeding = Seeding(self.account, self._firm)
        seed_setup(seeding)
        seed_people(seeding)
        seed_companies(seeding)
        for project in self._firm.projects:
            seed_project(seeding, project)
        for table, column in SOUGHT:
            self.tables[table].where(column, ())  # builds the index now rather than in somebody's first request
        self._known = seeding.known
        self._served = _served(self.account)

    def revoke_access_token(self) -> None:
        self._revoked = True

    def rate_limited(self) -> Response:
        """What a request over the limit is answered."""
        return refusal(RateLimitError())

    def known_as(self) -> Mapping[tuple[str, str], KnownAs]:
        return self._known

    def create(self, entity: str, fields: Record) -> Record:
        collection = self.account.named(entity)
        try:
            asked, set_by_hand = by_hand(collection, fields)
            with self.write_faults.asleep():
                record = writing.create(self.account, collection, asked)
            return self.account.update(collection.name, record["id"], set_by_hand) if set_by_hand else record
        except ApiError as refused:
            raise RefusedChange(str(refused)) from refused

    def change(self, entity: str, record_id: str, fields: Record) -> Record:
        collection = self.account.named(entity)
        try:
            asked, set_by_hand = by_hand(collection, fields)
            if asked or not set_by_hand:
                with self.write_faults.asleep():
                    writing.change(self.account, collection, record_id, asked)
            return self.account.update(collection.name, record_id, set_by_hand)
        except ApiError as refused:
            raise RefusedChange(str(refused)) from refused

    def remove(self, entity: str, record_id: str) -> None:
        collection = self.account.named(entity)
        try:
            writing.remove(self.account, collection, [record_id])
        except ApiError as refused:
            raise RefusedChange(str(refused)) from refused

    def show(self, entity: str, record_id: str) -> dict[str, Any] | None:
        collection = self.account.named(entity)
        record = self.tables[collection.name].get(record_id)
        if record is None:
            return None
        shown: dict[str, Any] = plain(everything(self.account, collection, record))
        return shown

    def spot(self, kind: str, entity: str, field: str, value: Any) -> Spot:
        return spoiling.spot(self.account, kind, entity, field, value)

    def _accepts(self, token: str) -> bool:
        """The token is its user's: it dies with a revocation and while the user is disabled."""
        if self._revoked or token != self._token:
            return False
        user = self.tables["users"].get(self.account.user_id)
        return user is not None and not user["disabled"]

    async def _dispatch(self, scope: Any, receive: Any, send: Any) -> None:
        await self._served(scope, receive, send)


def _served(account: Account) -> Starlette:
    routes = Actions(account).routes()
    for collection in COLLECTIONS:
        routes += collection_routes(account, collection)
    return Starlette(routes=routes, exception_handlers={ApiError: _refused, HTTPException: _unrouted})


async def _refused(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, ApiError)
    return refusal(problem)


async def _unrouted(_request: Request, _problem: Exception) -> Response:
    """Rails knows no 405: a path without that verb is not found."""
    return refusal(NotFoundError())


def build(
    firm: Firm,
    *,
    name: str = "kantata",
    clock: Clock,
    general_per_minute: int | None = None,
    workspaces_per_minute: int | None = None,
    workspace_invitations_per_minute: int | None = None,
    custom_field_values_per_minute: int | None = None,
    hours_behind_utc: int = 8,
    event_lag_seconds: int = 0,
    administrator: bool = True,
) -> KantataPlatform:
    """The firm's account. Requests are unlimited unless a class of endpoints is given a number per minute.

    `event_lag_seconds` is the most that an event is told late; without `administrator`, the feed answers 403.
    """
    per_minute = {
        GENERAL: general_per_minute,
        "workspaces": workspaces_per_minute,
        "workspace_invitations": workspace_invitations_per_minute,
        "custom_field_values": custom_field_values_per_minute,
    }
    return KantataPlatform(
        firm,
        name=name,
        clock=clock,
        zone=timezone(-timedelta(hours=hours_behind_utc)),
        administrator=administrator,
        event_lag=timedelta(seconds=event_lag_seconds),
        per_minute={limited: number for limited, number in per_minute.items() if number is not None},
    )
