"""What describe says of an object and its fields.

Source: api_rest `resources_sobject_describe.htm`; the keys are those of real describes.
"""

from typing import Any

from sandbox.salesforce.fields import NUMBER_KINDS, TEXT_KINDS, Field, SObject, spoken
from sandbox.salesforce.objects import referring

_SOAP_TYPES = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double",
    "currency": "xsd:double", "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "address": "urn:address",
}  # fmt: skip
_URLS = {
    "rowTemplate": "{base}/{{ID}}",
    "describe": "{base}/describe",
    "sobject": "{base}",
}


def object_summary(sobject: SObject, version: str) -> dict[str, Any]:
    """An object as describe global lists it."""
    base = f"/services/data/v{version}/sobjects/{sobject.name}"
    label = sobject.label or spoken(sobject.name)
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": True,
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": sobject.name != "User",
        "deprecatedAndHidden": False,
        "feedEnabled": not sobject.custom,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": label,
        "labelPlural": sobject.plural or f"{label}s",
        "layoutable": True,
        "mergeable": sobject.name in {"Account", "Contact"},
        "mruEnabled": True,
        "name": sobject.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "triggerable": True,
        "undeletable": sobject.name != "User",
        "updateable": True,
        "urls": {name: url.format(base=base) for name, url in _URLS.items()},
    }


def object_description(sobject: SObject, version: str) -> dict[str, Any]:
    return {
        **object_summary(sobject, version),
        "actionOverrides": [],
        "childRelationships": [
            {
                "cascadeDelete": field.cascade,
                "childSObject": child.name,
                "deprecatedAndHidden": False,
                "field": field.name,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": field.children,
                "restrictedDelete": False,
            }
            for child, field in referring(sobject)
        ],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [field_description(field) for field in sobject.declared],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [
            {
                "active": True,
                "available": True,
                "defaultRecordTypeMapping": True,
                "developerName": "Master",
                "master": True,
                "name": "Master",
                "recordTypeId": "012000000000000AAA",
                "urls": {},
            }
        ],
        "searchLayoutable": True,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": "All records", "name": "everything"},
            {"label": "My records", "name": "mine"},
        ],
    }


def field_description(field: Field) -> dict[str, Any]:
    text = field.kind in TEXT_KINDS
    return {
        "aggregatable": field.filterable and field.kind != "boolean",
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": field.length * 3 if text and field.kind not in {"id", "reference"} else field.length,
        "calculated": field.calculated,
        "calculatedFormula": None,
        "cascadeDelete": field.cascade,
        "caseSensitive": False,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": False if field.kind == "boolean" else field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": _defaulted(field),
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 9 if field.kind == "int" else 0,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if field.kind == "textarea" else None,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.external_id or field.kind in {"id", "email"},
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": False,
        "nillable": not (field.required or field.kind in {"boolean", "id"} or field.name in _NEVER_NULL),
        "permissionable": not field.required and field.createable,
        "picklistValues": [
            {"active": True, "defaultValue": value == field.default, "label": value, "validFor": None, "value": value}
            for value in field.values
        ],
        "polymorphicForeignKey": False,
        "precision": field.precision if field.kind in NUMBER_KINDS else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": [] if field.refers_to is None else [field.refers_to],
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.kind == "reference",
        "soapType": _SOAP_TYPES.get(field.kind, "xsd:string"),
        "sortable": field.sortable,
        "type": field.kind,
        "unique": field.unique,
        "updateable": field.updateable,
        "writeRequiresMasterRead": False,
    }


_NEVER_NULL = frozenset(
    {"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "OwnerId"}
)


def _defaulted(field: Field) -> bool:
    """Whether the org fills the field when a caller leaves it out."""
    return field.kind in {"boolean", "id"} or field.default is not None or field.name in _NEVER_NULL
