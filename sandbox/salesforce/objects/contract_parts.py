"""The custom objects below a contract: its milestones, amendments and rates."""

from sandbox.salesforce.fields import SObject, day, lookup, money, picklist, text
from sandbox.salesforce.objects.vocabulary import CONTRACT_STATUSES, CURRENCY, IS_DELETED, OWNER, RECORD_ID, STAMPS

CONTRACT_MILESTONE = SObject(
    name="CW_Contract_Milestone__c",
    prefix="a00",
    label="Contract Milestone",
    declared=(
        RECORD_ID,
        OWNER,
        IS_DELETED,
        text("Name", 80, name_field=True),
        CURRENCY,
        *STAMPS,
        lookup("Contract__c", "Contract", children="CW_Contract_Milestones__r"),
        text("Key__c", 80),
        money("Amount__c"),
        day("Due_Date__c"),
    ),
)
AMENDMENT = SObject(
    name="CW_Amendment__c",
    prefix="a01",
    label="Amendment",
    declared=(
        RECORD_ID,
        OWNER,
        IS_DELETED,
        text("Name", 80, name_field=True),
        CURRENCY,
        *STAMPS,
        lookup("Contract__c", "Contract", children="CW_Amendments__r"),
        text("Title__c", 255),
        picklist("Status__c", *CONTRACT_STATUSES, restricted=True),
        day("Effective_Date__c"),
        money("Value_Change__c"),
    ),
)
RATE = SObject(
    name="CW_Rate__c",
    prefix="a02",
    label="Rate",
    declared=(
        RECORD_ID,
        OWNER,
        IS_DELETED,
        text("Name", 80, name_field=True),
        CURRENCY,
        *STAMPS,
        lookup("Contract__c", "Contract", children="CW_Rates__r"),
        text("Role__c", 120),
        text("Unit__c", 40),
        money("Price__c"),
    ),
)
