"""The calls beside the five verbs: who am I, link upserts, approvals, cancellations, invitations."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.kantata import invoicing, people, references, resourcing, spoiling, submissions, writing
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import Kind, UnreadableError, coerce
from sandbox.kantata.envelope import envelope
from sandbox.kantata.errors import ForbiddenError, InvalidError, NotFoundError, Problem
from sandbox.kantata.events import event_types
from sandbox.kantata.routes import PREFIX, ApiRoute, answered, body_of, parameters
from sandbox.kantata.selection import just
from sandbox.kantata.wire import answer

BULK_RESOLUTIONS = {"approvals": "approve", "cancellations": "cancel", "rejections": "reject"}


class Actions:
    """Bound to one account, whose records the calls read and change."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def routes(self) -> list[Route]:
        """These come before the collections' own, whose `{id}` would take them."""
        routes: list[Route] = [
            ApiRoute(f"{PREFIX}/users/me", self.me, "GET"),
            ApiRoute(f"{PREFIX}/external_references/create_or_update", self.link, "POST"),
            ApiRoute(f"{PREFIX}/subscribed_events/event_types", self.event_types, "GET"),
            ApiRoute(f"{PREFIX}/workspaces/{{id}}/invite", self.invite, "POST"),
            ApiRoute(f"{PREFIX}/invoices/next_invoice_number", self.next_invoice_number, "GET"),
            ApiRoute(f"{PREFIX}/invoices/{{id}}/cancel", self.cancel_invoice, "PUT"),
            ApiRoute(f"{PREFIX}/account_memberships/{{id}}/disable", self.disable, "PUT"),
            ApiRoute(f"{PREFIX}/workspace_allocations/split", self.split, "PUT"),
        ]
        for name in submissions.ITEMS:
            for action in submissions.RESOLUTIONS:
                path = f"{PREFIX}/{name}/{{id}}/{action}"
                routes.append(ApiRoute(path, self._resolves(name, action), "PUT"))
        for plural, action in BULK_RESOLUTIONS.items():
            path = f"{PREFIX}/timesheet_{plural}"
            routes.append(ApiRoute(path, self._resolves_many(plural, action), "POST"))
        return routes

    async def me(self, request: Request) -> Response:
        """The user whose token it is. https://developer.kantata.com/tag/Users"""
        params = await parameters(request)
        user = self.account.tables["users"].rows[self.account.user_id]
        return answer(envelope(self.account, people.USERS, just([user]), params))

    async def link(self, request: Request) -> Response:
        """Creates or updates a subject's link to a service. https://developer.kantata.com/tag/External-References"""
        params = await parameters(request)
        links = references.EXTERNAL_REFERENCES
        fields, struck = spoiling.spoilt(self.account, links, body_of(params, "external_reference"), None)
        reference = references.create_or_update(self.account, fields)
        writing.automate(self.account, links, reference, struck)
        return answered(self.account, references.EXTERNAL_REFERENCES, [reference], params)

    async def event_types(self, _request: Request) -> Response:
        """The types of events with their payloads' fields. https://developer.kantata.com/tag/Event-Types"""
        if not self.account.administrator:
            raise ForbiddenError("You must be an account administrator")
        return answer({"event_types": event_types(self.account.collections.values())})

    async def invite(self, request: Request) -> Response:
        """Adds an existing user of that address to the project. https://developer.kantata.com/tag/Workspaces"""
        params = await parameters(request)
        fields = body_of(params, "invitation")
        workspace = self.account.tables["workspaces"].get(request.path_params["id"])
        if workspace is None:
            raise NotFoundError
        users = self.account.tables["users"].where("email_address", [fields.get("email_address")])
        if not users:
            raise InvalidError(Problem("email_address", "is invalid"))
        members = self.account.tables["participations"].where("workspace_id", [workspace["id"]])
        if all(member["user_id"] != users[0]["id"] for member in members):
            role = str(fields.get("invitee_role") or "maven")
            self.account.insert(
                "participations", {"workspace_id": workspace["id"], "user_id": users[0]["id"], "role": role}
            )
        return answered(self.account, self.account.collections["workspaces"], [workspace], params)

    async def next_invoice_number(self, _request: Request) -> Response:
        """The number that the next invoice gets by itself. https://developer.kantata.com/tag/Invoices"""
        return answer({"next_invoice_number": invoicing.next_number(self.account)})

    async def cancel_invoice(self, request: Request) -> Response:
        """Cancels an active invoice. https://developer.kantata.com/tag/Invoices"""
        params = await parameters(request)
        invoice = invoicing.cancel(self.account, request.path_params["id"])
        return answered(self.account, invoicing.INVOICES, [invoice], params)

    async def disable(self, request: Request) -> Response:
        """Ends a membership. https://developer.kantata.com/tag/Account-Memberships"""
        params = await parameters(request)
        membership = people.disable(self.account, request.path_params["id"])
        return answered(self.account, people.ACCOUNT_MEMBERSHIPS, [membership], params)

    async def split(self, request: Request) -> Response:
        """Cuts an allocation in two. https://developer.kantata.com/tag/Workspace-Allocations"""
        params = await parameters(request)
        try:
            day = coerce(Kind.DATE, params.get("split_date"))
        except UnreadableError as problem:
            raise InvalidError(Problem("split_date", str(problem))) from None
        if day is None:
            raise InvalidError(Problem("split_date", "can't be blank"))
        parts = resourcing.split(self.account, str(params.get("workspace_allocation_id") or ""), day)
        return answered(self.account, resourcing.WORKSPACE_ALLOCATIONS, parts, params)

    def _resolves(self, name: str, action: str) -> Callable[[Request], Any]:
        async def resolve_submission(request: Request) -> Response:
            """Approves, rejects or cancels one submission. https://developer.kantata.com/tag/Timesheet-Submissions"""
            params = await parameters(request)
            resolution = params.get("resolution")
            description = resolution.get("description") if isinstance(resolution, dict) else None
            submission = submissions.resolve(self.account, name, request.path_params["id"], action, description)
            return answered(self.account, self.account.collections[name], [submission], params)

        return resolve_submission

    def _resolves_many(self, plural: str, action: str) -> Callable[[Request], Any]:
        async def resolve_timesheets(request: Request) -> Response:
            """Approves, rejects or cancels several. https://developer.kantata.com/tag/Timesheet-Approvals"""
            params = await parameters(request)
            fields = body_of(params, f"timesheet_{plural[:-1]}")
            ids = writing.ids_of(fields.get("submission_ids") or "")
            name = "timesheet_submissions"
            description = fields.get("description")
            resolved = [submissions.resolve(self.account, name, each, action, description) for each in ids]
            return answered(self.account, self.account.collections[name], resolved, params)

        return resolve_timesheets
