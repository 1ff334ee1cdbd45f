"""The firm's clients, projects and receivables entered into the account, as its finance people would have."""

from decimal import Decimal

from sandbox.firm.ids import numeric_id, salesforce_id
from sandbox.firm.model import Client, Firm, Invoice, LegalEntity, Person, Project
from sandbox.firm.money import DECIMALS, as_decimal
from sandbox.netsuite.books import Books
from sandbox.netsuite.receivables import CONSULTING, MILESTONE, Receivables, whole
from sandbox.store import Record

_PROJECT_STATUS = {"PLANNED": "4", "ACTIVE": "2", "ON_HOLD": "5", "COMPLETED": "1", "CANCELLED": "3"}


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
        receivables = Receivables(self._books, self._currencies, self._taxes, self._methods)
        for invoice in self.invoices():
            receivables.enter(invoice)

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
            datecreated=whole(client.created_at),
            lastmodifieddate=whole(client.updated_at),
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
            datecreated=whole(project.created_at),
            lastmodifieddate=whole(project.updated_at),
            custentity_cw_asof=None if money is None else whole(money.as_of),
            **figures,
        )
