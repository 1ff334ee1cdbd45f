"""The emulated Salesforce org as the sandbox sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from joserfc.jwk import RSAKey
from starlette.responses import Response

from sandbox.firm.ids import salesforce_id
from sandbox.firm.model import Firm
from sandbox.platform import Clock, EmulatedPlatform, KnownAs, RefusedChange
from sandbox.salesforce import seed
from sandbox.salesforce.application import application
from sandbox.salesforce.bulk_jobs import BulkJobs
from sandbox.salesforce.call import refused
from sandbox.salesforce.cursors import MAX_BATCH, Cursors
from sandbox.salesforce.errors import ApiError, daily_limit_exceeded
from sandbox.salesforce.fields import NUMBER_KINDS, SObject
from sandbox.salesforce.gate import response
from sandbox.salesforce.instance import Instance
from sandbox.salesforce.oauth import ConnectedApp
from sandbox.salesforce.objects import OBJECTS
from sandbox.salesforce.objects.invoice import INVOICE
from sandbox.salesforce.objects.user import USER
from sandbox.salesforce.org import Org
from sandbox.salesforce.quota import FULL_SANDBOX_REQUESTS, Quota
from sandbox.salesforce.sessions import Sessions
from sandbox.salesforce.values import accepted
from sandbox.salesforce.writes import change, create, merge, remove
from sandbox.stamps import Stamps
from sandbox.store import Record, Table
from sandbox.write_faults import OVERWRITE, ROUND, Spot


@dataclass(frozen=True, kw_only=True)
class OrgOptions:
    """How the org is set up.

    `session_seconds`: life of an access token. `daily_requests`: quota of 24 hours. `concurrent_requests`: how many
    requests may be in flight at once; None is no limit. `response_ms`: how long each request stays in flight at
    least. `query_page`: most rows of a query's page, which the vendor may choose below what was asked. `open_cursors`:
    the oldest is closed beyond them. `bulk_polls`: polls that find a bulk job still in progress. `duplicate_rule`:
    whether the standard account duplicate rule is active.
    """

    session_seconds: int = 7200
    daily_requests: int = FULL_SANDBOX_REQUESTS
    concurrent_requests: int | None = None
    response_ms: int = 0
    query_page: int = MAX_BATCH
    open_cursors: int = 1000
    bulk_polls: int = 1
    duplicate_rule: bool = False

    def __post_init__(self) -> None:
        for name in ("session_seconds", "daily_requests", "query_page", "open_cursors"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


class SalesforcePlatform(EmulatedPlatform):
    """One org, holding the firm's clients, contacts, opportunities, contracts and sellers."""

    vendor = "salesforce"
    role = "CRM"
    scripted = frozenset(OBJECTS) - {USER.name, INVOICE.name}  # a record-triggered Flow with a callout on each
    user_agent = "SFDC-Callout/63.0"
    stamps: Stamps

    def __init__(self, firm: Firm, *, name: str, clock: Clock, options: OrgOptions) -> None:
        self.name = name
        self._firm = firm
        self.stamps = Stamps(clock)
        self._options = options
        org_id = salesforce_id("00D", name)
        self.instance = Instance(
            org=self._filled_org(org_id),
            sessions=Sessions(clock, org_id, session_seconds=options.session_seconds),
            cursors=Cursors(clock, open_cursors=options.open_cursors, query_page=options.query_page),
            bulk_jobs=BulkJobs(polls=options.bulk_polls),
            quota=Quota(clock, daily_requests=options.daily_requests, concurrent_requests=options.concurrent_requests),
        )
        key = signing_key()
        self._app = ConnectedApp(
            client_id=f"3MVG9{_derived(name, firm.seed, 'client id')}",
            client_secret=_derived(name, firm.seed, "client secret").upper(),
            username=seed.RUN_AS_NAME,
            key=key,
        )
        self.credentials: Mapping[str, str] = {
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret,
            "username": self._app.username,
            "private_key": key.as_pem(private=True).decode(),
        }
        self.app = application(self.instance, self._app, response_seconds=options.response_ms / 1000)

    @property
    def tables(self) -> Mapping[str, Table]:  # type: ignore[override]  # replaced by reset, so read anew each time
        return self.instance.org.tables

    def known_as(self) -> Mapping[tuple[str, str], KnownAs]:
        return seed.known_as(self._firm)

    def create(self, entity: str, fields: Record) -> Record:
        sobject = _object(entity)
        try:
            with self.write_faults.asleep():
                return create(self.instance.org, sobject, fields, allow_duplicate=True)
        except ApiError as error:
            raise self._undone(error) from error
        finally:
            self.instance.org.commit()

    def change(self, entity: str, record_id: str, fields: Record) -> Record:
        sobject = _object(entity)
        try:
            with self.write_faults.asleep():
                return change(self.instance.org, sobject, record_id, fields, allow_duplicate=True)
        except ApiError as error:
            raise self._undone(error) from error
        finally:
            self.instance.org.commit()

    def remove(self, entity: str, record_id: str) -> None:
        sobject = _object(entity)
        try:
            remove(self.instance.org, sobject, record_id)
        except ApiError as error:
            raise self._undone(error) from error
        finally:
            self.instance.org.commit()

    def merge(self, entity: str, record_id: str, into: str) -> None:
        sobject = _object(entity)
        try:
            merge(self.instance.org, sobject, record_id, into)
        except ApiError as error:
            raise self._undone(error) from error
        finally:
            self.instance.org.commit()

    def show(self, entity: str, record_id: str) -> dict[str, Any] | None:
        """Every field under its API name, empty ones as null; amounts are Decimal."""
        sobject = _object(entity)
        record = self.instance.org.find(sobject, record_id)
        if record is None:
            return None
        return {
            field.name: record.get(field.name, field.absent) for field in sobject.declared if field.kind != "address"
        }

    def spot(self, kind: str, entity: str, field: str, value: Any) -> Spot:
        sobject = _object(entity)
        declared = sobject.field(field)
        if declared is None or not (declared.updateable or (declared.createable and kind != OVERWRITE)):
            raise RefusedChange(f"No such column '{field}' that could be written on sobject of type {entity}")
        if kind == ROUND and declared.kind not in NUMBER_KINDS:
            raise RefusedChange(f"{declared.name} of {entity} holds no number")
        if kind == OVERWRITE:
            try:
                accepted(declared, value)
            except ApiError as error:
                raise RefusedChange(str(error)) from error
        return Spot(sobject.name, declared.name)

    def reset(self) -> None:
        self.instance.org = self._filled_org(self.instance.org.org_id)
        self.instance.sessions.expire_all()
        self.instance.cursors.clear()
        self.instance.bulk_jobs.clear()
        self.instance.quota.clear()

    # What only this vendor has.

    def rate_limited(self) -> Response:
        """The vendor's answer when the day's requests are used up: 403, without Retry-After."""
        answer = response(refused(daily_limit_exceeded()))
        most = self.instance.quota.daily_requests
        answer.headers["Sforce-Limit-Info"] = f"api-usage={most}/{most}"
        return answer

    def expire_sessions(self) -> None:
        """Every access token given out so far is answered with INVALID_SESSION_ID from now on."""
        self.instance.sessions.expire_all()

    def lock(self, record_id: str, *, times: int | None = None) -> None:
        """The next `times` writes to the record, or to what belongs to it, fail with UNABLE_TO_LOCK_ROW; None: all."""
        self.instance.org.lock(record_id, times)

    def unlock(self, record_id: str) -> None:
        self.instance.org.unlock(record_id)

    def _filled_org(self, org_id: str) -> Org:
        org = Org(
            clock=self.stamps,
            org_id=org_id,
            user_id=seed.RUN_AS_USER,
            default_currency=self._firm.legal_entities[0].currency,
            duplicate_rule=self._options.duplicate_rule,
            write_faults=self.write_faults,
        )
        seed.fill(org, self._firm)
        return org

    def _undone(self, error: ApiError) -> RefusedChange:
        self.instance.org.roll_back(0)
        return RefusedChange(str(error))


@lru_cache(maxsize=1)
def signing_key() -> RSAKey:
    """The key pair whose public half the connected app knows: one for each start of the sandbox."""
    return RSAKey.generate_key(2048)


def _derived(name: str, firm_seed: int, purpose: str) -> str:
    return blake2b(f"{name}/{firm_seed}/{purpose}".encode(), digest_size=32).hexdigest()


def _object(entity: str) -> SObject:
    if entity not in OBJECTS:
        raise KeyError(entity)
    return OBJECTS[entity]
