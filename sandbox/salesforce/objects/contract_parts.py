"""The custom objects below a contract: its milestones, amendments and rates."""

from sandbox.salesforce.fields import Field, SObject, day, lookup, money, picklist, text
from sandbox.salesforce.objects.vocabulary import CONTRACT_STATUSES, CURRENCY, IS_DELETED, OWNER, RECORD_ID, STAMPS


def _part(name: str, *own: Field, prefix: str, label: str, children: str) -> SObject:
    """`children` is what the contract calls its parts of this kind."""
    return SObject(
        name=name,
        prefix=prefix,
        label=label,
        declared=(
            RECORD_ID,
            OWNER,
            IS_DELETED,
            text("Name", 80, name_field=True),
            CURRENCY,
            *STAMPS,
            lookup("Contract__c", "Contract", children=children),
            *own,
        ),
    )


CONTRACT_MILESTONE = _part(
    "CW_Contract_Milestone__c",
    text("Key__c", 80),
    money("Amount__c"),
    day("Due_Date__c"),
    prefix="a00",
    label="Contract Milestone",
    children="CW_Contract_Milestones__r",
)
AMENDMENT = _part(
    "CW_Amendment__c",
    text("Title__c", 255),
    picklist("Status__c", *CONTRACT_STATUSES, restricted=True),
    day("Effective_Date__c"),
    money("Value_Change__c"),
    prefix="a01",
    label="Amendment",
    children="CW_Amendments__r",
)
RATE = _part(
    "CW_Rate__c",
    text("Role__c", 120),
    text("Unit__c", 40),
    money("Price__c"),
    prefix="a02",
    label="Rate",
    children="CW_Rates__r",
)
