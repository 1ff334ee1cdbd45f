"""A configured NetSuite account as the rest of the product meets it."""

from typing import Any

import msgspec

from platforms.connected import Probe
from platforms.feeds import PlatformFeeds
from platforms.gate import Gate
from platforms.gated import Advice, GatedPlatform
from platforms.http import Transport
from platforms.netsuite.auth import Assertions, Authorize, SigningKey, token_based
from platforms.netsuite.client import Page, SuiteQl
from platforms.netsuite.customers import customers, subsidiaries
from platforms.netsuite.errors import classify
from platforms.netsuite.facets import Told
from platforms.netsuite.feeds import feeds
from platforms.netsuite.invoices import invoice_lines, invoices
from platforms.netsuite.jobs import job_copies, jobs
from platforms.netsuite.options import AccountOptions, read_options
from platforms.netsuite.reader import NetSuiteReader
from platforms.netsuite.record_api import RecordApi
from platforms.netsuite.references import currencies, terms
from platforms.netsuite.settlements import credit_memos, payments
from platforms.netsuite.signing import TokenSignature
from platforms.netsuite.suiteql import Statement
from platforms.netsuite.webhook import inbound
from platforms.netsuite.writer import NetSuiteWriter
from platforms.registry import Connection
from platforms.tokens import TokenSource
from runtime.clock import Clock
from schema.errors import (
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
)

_TRIAL = Statement("SELECT s.id FROM subsidiary s ORDER BY s.id", ())
_ADVICE: Advice = (
    (
        UpstreamUnauthorized,
        (
            "check account, keys and secrets, that the integration is enabled with token-based "
            "authentication or client credentials, and this machine's clock; NetSuite's Login Audit Trail says why"
        ),
    ),
    (UpstreamForbidden, "give the token's role the permissions that docs/vendors/netsuite.md lists"),
    (UpstreamRejected, "give the token's role SuiteAnalytics Workbook and REST Web Services: docs/vendors/netsuite.md"),
    (UpstreamRateLimited, "lower this platform's slots, or find out who else calls the account"),
)


class NetSuiteAccount(GatedPlatform):
    """One account. It tells no quota: NetSuite limits how many requests run at once, not how many there are."""

    advice = _ADVICE
    otherwise = "check the url (https://ACCOUNT.suitetalk.api.netsuite.com), proxies and firewalls"

    def __init__(
        self,
        connection: Connection,
        gate: Gate,
        suiteql: SuiteQl,
        reader: NetSuiteReader,
        writer: NetSuiteWriter,
        transport: Transport,
        noticing: PlatformFeeds,
    ) -> None:
        super().__init__(
            connection, gate, reader, transport, writer=writer, feeds=noticing, inbound=inbound(reader.facets)
        )
        self._suiteql = suiteql
        self._page: Any = msgspec.json.Decoder(Page[dict[str, Any]])

    async def _trial(self) -> Probe:
        """Reads one subsidiary's id."""
        page = await self._suiteql.page(_TRIAL, self._page, limit=1)
        if not page.items:
            return Probe(
                ok=False,
                detail="signed in, and sees no subsidiary",
                advice="let the token's role see the subsidiaries whose books are asked for",
            )
        return Probe(ok=True, detail=f"signed in; {page.total} subsidiaries to be seen")


def connect(connection: Connection, transport: Transport, clock: Clock) -> NetSuiteAccount:
    """Speaks to nobody yet; SettingsError where credentials or options can't be meant."""
    options = read_options(connection)
    gate = Gate(
        connection.name,
        transport,
        timeout=connection.timeout,
        slots=connection.slots,
        budget=connection.budget,
        classify=classify,
        clock=clock,
    )
    login = _login(connection, gate, clock)
    suiteql = SuiteQl(gate, connection.url, login)
    told = facets(options)
    reader = NetSuiteReader(
        suiteql,
        told,
        lambda: clock.now().astimezone(options.zone).date().isoformat(),
        copies=(job_copies(options),),
    )
    writer = NetSuiteWriter(
        RecordApi(gate, connection.url, login),
        currencies(suiteql, clock),
        terms(suiteql, clock, options.terms),
        options,
    )
    noticing = feeds(told, suiteql, connection.name, options.zone, clock)
    return NetSuiteAccount(connection, gate, suiteql, reader, writer, transport, noticing)


def facets(options: AccountOptions) -> list[Told]:
    """All that NetSuite tells, with the statements behind it."""
    return [make(options) for make in (invoices, invoice_lines, payments, credit_memos, customers, jobs, subsidiaries)]


def _login(connection: Connection, gate: Gate, clock: Clock) -> TokenSource[Authorize]:
    given = connection.credentials
    if "token_key" in given:
        signature = TokenSignature(
            account=given["account"],
            consumer_key=given["consumer_key"],
            consumer_secret=given["consumer_secret"],
            token_key=given["token_key"],
            token_secret=given["token_secret"],
            clock=clock,
        )
        return token_based(signature, clock)
    try:
        key = SigningKey(given["private_key"])
    except (ValueError, TypeError):
        raise connection.problem(
            "credentials.private_key", "must be an RSA or elliptic curve private key in PEM form, without a password"
        ) from None
    return Assertions(gate, connection.url, given["client_id"], given["certificate_id"], key, clock).tokens()
