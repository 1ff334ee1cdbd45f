"""The firm's clients, projects and receivables entered into the account, as its finance people would have."""

from datetime import datetime
from decimal import Decimal

from sandbox.firm.ids import numeric_id, salesforce_id
from sandbox.firm.model import Client, CreditMemo, Firm, Invoice, LegalEntity, Payment, Person, Project
from sandbox.firm.money import DECIMALS, as_decimal
from sandbox.netsuite.books import ZERO, Books
from sandbox.store import Record

CONSULTING, MILESTONE = "45", "46"
_ONE = Decimal(1)
_PROJECT_STATUS = {"PLANNED": "4", "ACTIVE": "2", "ON_HOLD": "5", "COMPLETED": "1", "CANCELLED": "3"}
_INVOICE_STATE = {"PENDING_APPROVAL": ("D", "1"), "OPEN": ("A", "2"), "VOIDED": ("V", "2")}


class Opening:
    """Enters one firm into empty books. `legal_entities` keeps what belongs to these; None keeps all."""

    def __init__(self, books: Books, firm: Firm, legal_entities: frozenset[str] | None) -> None:
        self._books = books
        self._firm = firm
        self._entities = legal_entities
        self._currencies: dict[str, str] = {}
        self._terms: dict[int, str] = {}
        self._taxes: dict[str, str] = {}
        self._methods: dict[str, str] = {}

    def enter(self) -> None:
        """Into books that are empty."""
        firm = self._firm
        self._lists()
        for entity in self.legal_entities():
            self._subsidiary(entity)
        for person in firm.people:
            if self._kept(person.legal_entity):
                self._employee(person)
        for client in self.clients():
            self._customer(client)
        for project in self.projects():
            self._job(project)
        for invoice in self.invoices():
            self._invoice(invoice)

    # -- what this account holds

    def _kept(self, legal_entity: str) -> bool:
        return self._entities is None or legal_entity in self._entities

    def legal_entities(self) -> list[LegalEntity]:
        return [entity for entity in self._firm.legal_entities if self._kept(entity.key)]

    def clients(self) -> list[Client]:
        return [client for client in self._firm.clients if client.in_erp and self._kept(client.legal_entity)]

    def projects(self) -> list[Project]:
        return [project for project in self._firm.projects if project.in_erp and self._kept(project.legal_entity)]

    def invoices(self) -> list[Invoice]:
        held = {client.key for client in self.clients()}
        return [
            invoice for invoice in self._firm.invoices if invoice.client in held and self._kept(invoice.legal_entity)
        ]

    # -- lists

    def _lists(self) -> None:
        firm = self._firm
        codes = [client.currency for client in firm.clients] + [invoice.currency for invoice in firm.invoices]
        codes += [entity.currency for entity in firm.legal_entities] + [project.currency for project in firm.projects]
        for code in sorted(set(codes)):
            self._currencies[code] = self._listed(
                "currency", name=code, symbol=code, currencyprecision=Decimal(DECIMALS[code])
            )
        for days in sorted({client.terms_days for client in firm.clients}):
            self._terms[days] = self._listed("term", name=f"Net {days}", daysuntilnetdue=Decimal(days))
        rates = self._tax_rates()
        for code in sorted(rates):
            self._taxes[code] = self._listed("salesTaxItem", itemid=code, displayname=code, rate=rates[code])
        methods = {payment.method for invoice in firm.invoices for payment in invoice.payments}
        for method in sorted(methods):
            self._methods[method] = self._listed("paymentMethod", name=method)
        for item, name in ((CONSULTING, "CONSULT"), (MILESTONE, "MILESTONE")):
            self._put("serviceSaleItem", id=item, itemid=name, displayname=name.capitalize(), itemtype="Service")
        for account, name, kind in (("6", "Main Bank", "Bank"), ("119", "Accounts Receivable", "AcctRec")):
            self._put("account", id=account, acctnumber=f"1{account.zfill(3)}", acctname=name, accttype=kind)

    def _tax_rates(self) -> dict[str, Decimal | None]:
        """Per cent by tax code, as the firm's invoices show them; unknown for codes never billed."""
        rates: dict[str, Decimal | None] = {
            client.tax_code: None for client in self._firm.clients if client.tax_code is not None
        }
        for invoice in self._firm.invoices:
            codes = {line.tax_code for line in invoice.lines if line.tax_code is not None}
            for code in codes:
                rates.setdefault(code, None)
            if len(codes) == 1 and invoice.subtotal > 0 and rates[next(iter(codes))] is None:
                rates[next(iter(codes))] = Decimal(round(invoice.tax * 1000 / invoice.subtotal)) / 10
        return rates

    def _listed(self, record_type: str, **fields: object) -> str:
        return str(self._put(record_type, id=str(len(self._books.tables[record_type]) + 1), **fields)["id"])

    def _put(self, record_type: str, **fields: object) -> Record:
        fields.setdefault("isinactive", "F")
        return self._books.insert(self._books.tables[record_type], fields)

    # -- companies and people

    def _subsidiary(self, entity: LegalEntity) -> None:
        self._put(
            "subsidiary",
            id=numeric_id("netsuite.subsidiary", entity.key),
            name=entity.name,
            fullname=entity.name,
            legalname=entity.name,
            country=entity.country,
            currency=self._currencies[entity.currency],
            iselimination="F",
        )

    def _employee(self, person: Person) -> None:
        currency = next(e.currency for e in self._firm.legal_entities if e.key == person.legal_entity)
        self._put(
            "employee",
            id=numeric_id("netsuite.employee", person.key),
            entityid=f"{person.first_name} {person.last_name}",
            firstname=person.first_name,
            lastname=person.last_name,
            title=person.role,
            email=person.email,
            subsidiary=numeric_id("netsuite.subsidiary", person.legal_entity),
            laborcost=as_decimal(person.cost_rate, currency),
            isinactive="F" if person.active else "T",
        )

    def _customer(self, client: Client) -> None:
        customer = numeric_id("netsuite.customer", client.key)
        held = self._books.tables["customer"].rows
        parent = None if client.parent is None else numeric_id("netsuite.customer", client.parent)
        address = client.address
        lines = [*address.lines, None, None, None]
        nkey = self._books.next_key(self._books.addresses)
        self._books.insert(
            self._books.addresses,
            {
                "id": nkey,
                "entity": customer,
                "label": "Billing",
                "defaultbilling": "T",
                "defaultshipping": "T",
                "addressee": client.erp_name,
                "addr1": lines[0],
                "addr2": lines[1],
                "addr3": lines[2],
                "city": address.city,
                "state": address.region,
                "zip": address.postal_code,
                "country": address.country,
            },
        )
        self._put(
            "customer",
            id=customer,
            externalid=salesforce_id("001", client.key) if client.erp_linked else None,
            entityid=client.number,
            companyname=client.erp_name,
            isperson="F",
            email=next((contact.email for contact in client.contacts if contact.email), None),
            url=client.website,
            vatregnumber=client.tax_id,
            taxitem=self._taxes.get(client.tax_code or ""),
            subsidiary=numeric_id("netsuite.subsidiary", client.legal_entity),
            currency=self._currencies[client.currency],
            terms=self._terms[client.terms_days],
            parent=parent if parent in held else None,
            entitystatus="16" if client.status == "INACTIVE" else "13",
            creditholdoverride="ON" if client.credit_hold else "AUTO",
            isinactive="T" if client.status == "INACTIVE" else "F",
            datecreated=_whole(client.created_at),
            lastmodifieddate=_whole(client.updated_at),
            defaultbillingaddress=nkey,
        )

    def _job(self, project: Project) -> None:
        held = self._books.tables["customer"].rows
        customer = None if project.client is None else numeric_id("netsuite.customer", project.client)
        customer = customer if customer in held else None
        manager = None if project.manager is None else numeric_id("netsuite.employee", project.manager)
        money = project.financials
        figures = {}
        if money is not None:
            figures = {
                f"custentity_cw_{name}": as_decimal(amount, project.currency)
                for name, amount in (
                    ("unbilled", money.unbilled),
                    ("wip", money.work_in_progress),
                    ("recognized", money.recognized_revenue),
                    ("deferred", money.deferred_revenue),
                    ("cost", money.cost),
                )
            }
        self._put(
            "job",
            id=numeric_id("netsuite.job", project.key),
            externalid=numeric_id("kantata.workspace", project.key) if project.erp_linked else None,
            entityid=project.code,
            companyname=project.erp_name,
            parent=customer,
            customer=customer,
            subsidiary=numeric_id("netsuite.subsidiary", project.legal_entity),
            currency=self._currencies[project.currency],
            projectmanager=manager if manager in self._books.tables["employee"].rows else None,
            entitystatus=_PROJECT_STATUS.get(project.status, "2"),
            startdate=project.start_date,
            projectedenddate=project.end_date,
            percentcomplete=Decimal(project.percent_complete),
            isinactive="F",
            datecreated=_whole(project.created_at),
            lastmodifieddate=_whole(project.updated_at),
            custentity_cw_asof=None if money is None else _whole(money.as_of),
            **figures,
        )

    # -- receivables

    def _head(self, code: str, key: str, number: str, invoice: Invoice) -> Record:
        return {
            "id": numeric_id("netsuite.transaction", key),
            "externalid": None,
            "tranid": number,
            "entity": numeric_id("netsuite.customer", invoice.client),
            "subsidiary": numeric_id("netsuite.subsidiary", invoice.legal_entity),
            "currency": self._currencies[invoice.currency],
            "exchangerate": _ONE,  # the firm's books carry no rates
            "posting": "T",
            "voided": "F",
            "type": code,
        }

    def _invoice(self, invoice: Invoice) -> None:
        books = self._books
        status, approval = _INVOICE_STATE[invoice.state]
        if status == "A" and invoice.balance == 0:
            status = "B"
        jobs = books.tables["job"].rows
        job = None if invoice.project is None else numeric_id("netsuite.job", invoice.project)
        currency = invoice.currency
        record = self._head("CustInvc", invoice.key, invoice.number, invoice) | {
            "trandate": invoice.issue_date,
            "duedate": invoice.due_date,
            "job": job if job in jobs else None,
            "otherrefnum": invoice.purchase_order,
            "terms": books.tables["customer"].rows[numeric_id("netsuite.customer", invoice.client)]["terms"],
            "status": status,
            "approvalstatus": approval,
            "posting": "F" if status == "D" else "T",
            "voided": "T" if status == "V" else "F",
            "subtotal": as_decimal(invoice.subtotal, currency),
            "taxtotal": as_decimal(invoice.tax, currency),
            "foreigntotal": as_decimal(invoice.total, currency),
            "foreignamountpaid": as_decimal(invoice.settled, currency),
            "foreignamountunpaid": as_decimal(invoice.balance, currency),
            "custbody_cw_contract": None if invoice.contract is None else salesforce_id("800", invoice.contract),
            "createddate": _whole(invoice.created_at),
            "lastmodifieddate": _whole(invoice.updated_at),
        }
        books.insert(books.tables["invoice"], record)
        self._lines(invoice, record["id"])
        parts: list[Payment | CreditMemo] = [*invoice.payments, *invoice.credit_memos]
        for part in parts:
            self._settlement(invoice, record, part)

    def _lines(self, invoice: Invoice, transaction: str) -> None:
        books = self._books
        for line in invoice.lines:
            job = None if line.project is None else numeric_id("netsuite.job", line.project)
            books.insert(
                books.lines,
                {
                    "uniquekey": f"{transaction}{line.number:03d}",
                    "transaction": transaction,
                    "line": line.number,
                    "item": CONSULTING if line.milestone is None else MILESTONE,
                    "memo": line.description,
                    "quantity": Decimal(-line.quantity_hundredths).scaleb(-2),
                    "rate": as_decimal(line.unit_price, invoice.currency),
                    "foreignamount": as_decimal(-line.amount, invoice.currency),
                    "job": job if job in books.tables["job"].rows else None,
                    "taxcode": self._taxes.get(line.tax_code or ""),
                    "custcol_cw_milestone": line.milestone,
                },
            )

    def _settlement(self, invoice: Invoice, billed: Record, part: Payment | CreditMemo) -> None:
        """A payment or credit memo, applied in full to its invoice."""
        books = self._books
        amount = as_decimal(part.amount, invoice.currency)
        noon = datetime.combine(part.day, invoice.created_at.timetz()).replace(
            hour=12, minute=0, second=0, microsecond=0
        )
        code = "CustPymt" if isinstance(part, Payment) else "CustCred"
        record = self._head(code, part.key, part.number, invoice) | {
            "trandate": part.day,
            "foreignpaymentamountused": amount,
            "foreignpaymentamountunused": ZERO,
            "createddate": noon,
            "lastmodifieddate": noon,
        }
        if isinstance(part, Payment):
            record |= {
                "foreigntotal": amount,
                "status": "C",
                "account": "6",
                "paymentoption": self._methods[part.method],
            }
            books.insert(books.tables["customerPayment"], record)
        else:
            record |= {
                "foreigntotal": -amount,
                "foreignamountunpaid": ZERO,
                "subtotal": amount,
                "taxtotal": ZERO,
                "status": "B",
                "memo": part.reason,
                "createdfrom": billed["id"],
                "job": billed["job"],
            }
            books.insert(books.tables["creditMemo"], record)
            books.insert(
                books.lines,
                {
                    "uniquekey": f"{record['id']}001",
                    "transaction": record["id"],
                    "line": 1,
                    "item": CONSULTING,
                    "memo": part.reason,
                    "quantity": _ONE,
                    "rate": amount,
                    "foreignamount": amount,
                    "job": billed["job"],
                    "taxcode": None,
                    "custcol_cw_milestone": None,
                },
            )
        books.insert(
            books.links,
            {
                "id": books.next_key(books.links),
                "previousdoc": billed["id"],
                "previoustype": "CustInvc",
                "nextdoc": record["id"],
                "nexttype": code,
                "linktype": "Payment",
                "foreignamount": amount,
                "lastmodifieddate": noon,
            },
        )


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
