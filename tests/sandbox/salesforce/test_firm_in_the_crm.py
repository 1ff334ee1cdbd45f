"""The firm as the CRM holds it, to the cent, and how the sandbox reaches into it."""

from decimal import Decimal

import pytest

from sandbox.firm.model import Firm
from sandbox.firm.money import as_decimal
from sandbox.platform import RefusedChange
from sandbox.salesforce import SalesforcePlatform


def test_every_client_is_an_account(org: SalesforcePlatform, firm: Firm) -> None:
    known = org.known_as()
    for client in firm.clients:
        account = org.show("Account", known["Account", client.key].id)
        assert account is not None
        assert (account["Name"], account["AccountNumber"]) == (client.crm_name, client.number)
        assert account["CW_Status__c"].upper().replace(" ", "_") == client.status
        assert (account["Type"] == "Prospect") == (client.status == "PROSPECT")
        assert account["ParentId"] == (known["Account", client.parent].id if client.parent else None)
        owner = org.show("User", account["OwnerId"])
        assert owner is not None
        assert owner["Email"] == next(person.email for person in firm.people if person.key == client.owner)
    assert len(org.tables["Account"]) == len(firm.clients)


def test_amounts_agree_to_the_cent(org: SalesforcePlatform, firm: Firm) -> None:
    known = org.known_as()
    for deal in firm.deals:
        row = org.tables["Opportunity"].rows[known["Opportunity", deal.key].id]
        assert (row["Amount"], row["CurrencyIsoCode"]) == (as_decimal(deal.amount, deal.currency), deal.currency)
        assert isinstance(row["Amount"], Decimal)
        assert row["Probability"] == deal.probability
        assert row["IsWon"] == (deal.stage == "WON")
        assert row["IsClosed"] == (deal.stage in {"WON", "LOST"})
    for contract in firm.contracts:
        row = org.tables["Contract"].rows[known["Contract", contract.key].id]
        assert row["CW_Value__c"] == as_decimal(contract.value, contract.currency)
        assert (row["ContractNumber"], row["EndDate"]) == (contract.number, contract.end_date.isoformat())
        parts = org.tables["CW_Contract_Milestone__c"].where("Contract__c", [row["Id"]])
        assert [part["Amount__c"] for part in parts] == [
            as_decimal(each.amount, contract.currency) for each in contract.milestones
        ]
        assert len(org.tables["CW_Rate__c"].where("Contract__c", [row["Id"]])) == len(contract.rates)
        assert len(org.tables["CW_Amendment__c"].where("Contract__c", [row["Id"]])) == len(contract.amendments)


def test_every_reference_leads_somewhere(org: SalesforcePlatform) -> None:
    from sandbox.salesforce.objects import OBJECTS

    for sobject in OBJECTS.values():
        for record in org.tables[sobject.name]:
            for field in sobject.references:
                if record.get(field.name) is not None:
                    assert record[field.name] in org.tables[str(field.refers_to)].rows, (sobject.name, field.name)


def test_a_users_changes_follow_the_platforms_rules(org: SalesforcePlatform) -> None:
    made = org.create("Account", {"Name": "New", "AnnualRevenue": Decimal("10.6")})
    assert org.show("Account", made["Id"]) is not None
    assert made["AnnualRevenue"] == 11, "whole currency units"
    assert org.change("Account", made["Id"], {"Site": "x"})["Site"] == "x"
    with pytest.raises(RefusedChange, match="REQUIRED_FIELD_MISSING"):
        org.create("Account", {})
    with pytest.raises(RefusedChange, match="STRING_TOO_LONG"):
        org.change("Account", made["Id"], {"Site": "x" * 81})
    with pytest.raises(RefusedChange, match="NOT_FOUND"):
        org.remove("Account", "001000000000000AAA")
    org.remove("Account", made["Id"])
    assert org.show("Account", made["Id"]) is None


def test_reset_brings_the_generated_firm_back(org: SalesforcePlatform, firm: Firm) -> None:
    account = next(iter(org.tables["Account"].rows))
    original = dict(org.tables["Account"].rows[account])
    token = org.instance.sessions.issue()
    org.change("Account", account, {"Name": "Changed"})
    org.create("Account", {"Name": "New"})
    org.instance.quota.spend(5)
    org.reset()
    assert org.tables["Account"].rows[account] == original
    assert len(org.tables["Account"]) == len(firm.clients)
    assert not org.instance.sessions.holds(token)
    assert org.instance.quota.used == 0
