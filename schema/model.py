"""The canonical model as plain values, read once from the declared types: what planner, policy and docs work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from graphql import GraphQLObjectType, get_named_type, get_nullable_type, is_list_type, is_non_null_type

from schema.declare import (
    Identity,
    OwnedBy,
    Part,
    Provenance,
    Relation,
    Restricted,
    Root,
    declaration,
    restriction,
)
from schema.graph import core
from schema.roles import PlatformRole

# Which role's record a canonical record is: its id is the global id. The first bound role counts.
ANCHORS: Mapping[str, tuple[PlatformRole, ...]] = {
    "Account": (PlatformRole.CRM,),
    "Contact": (PlatformRole.CRM,),
    "LegalEntity": (PlatformRole.ERP,),
    "CostCenter": (PlatformRole.HRIS, PlatformRole.ERP),
    "Resource": (PlatformRole.PSA,),
    "Opportunity": (PlatformRole.CRM,),
    "Contract": (PlatformRole.CLM, PlatformRole.CRM),
    "ContractMilestone": (PlatformRole.CLM, PlatformRole.CRM),
    "Amendment": (PlatformRole.CLM, PlatformRole.CRM),
    "Rate": (PlatformRole.CLM, PlatformRole.CRM),
    "Project": (PlatformRole.PSA,),
    "Milestone": (PlatformRole.PSA,),
    "Task": (PlatformRole.PSA,),
    "Assignment": (PlatformRole.PSA,),
    "TimeEntry": (PlatformRole.PSA,),
    "Expense": (PlatformRole.PSA,),
    "Invoice": (PlatformRole.ERP,),
    "InvoiceLine": (PlatformRole.ERP,),
    "Payment": (PlatformRole.ERP,),
    "CreditMemo": (PlatformRole.ERP,),
}

# A group of values is missing as a whole when all of these of its parts are.
PRESENCE: Mapping[str, tuple[str, ...]] = {
    "Money": ("amount", "currency"),
    "Address": ("lines", "city", "postalCode", "country"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A scalar, enum or list of scalars at a canonical path."""

    name: str
    roles: tuple[PlatformRole, ...] | None
    non_null: bool
    plural: bool = False
    restricted: Restricted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of values, such as Money or billing: an object type that is no record of its own."""

    name: str
    type: str
    roles: tuple[PlatformRole, ...] | None
    non_null: bool
    restricted: Restricted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relation to other records."""

    name: str
    relation: Relation
    non_null: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """`id` or `sources`: what a record says of itself."""

    name: str
    kind: type[Identity] | type[Provenance]


FieldModel: TypeAlias = Value | Group | Link | Own


@dataclass(frozen=True, slots=True)
class TypeModel:
    """A canonical type: a record where it has anchors, else a group of values."""

    name: str
    anchors: tuple[PlatformRole, ...]
    node: bool
    fields: Mapping[str, FieldModel]


@dataclass(frozen=True, slots=True)
class Model:
    types: Mapping[str, TypeModel]
    roots: Mapping[str, Root]


@lru_cache(maxsize=1)
def model() -> Model:
    """The model of the one schema."""
    schema = core()
    types = {
        name: _type_model(found)
        for name, found in schema.type_map.items()
        if isinstance(found, GraphQLObjectType) and (name in ANCHORS or _declares_parts(found))
    }
    assert schema.query_type is not None
    roots = {
        name: declared
        for name, found in schema.query_type.fields.items()
        if isinstance(declared := declaration(_metadata(found)), Root)
    }
    return Model(types, roots)


def _declares_parts(found: GraphQLObjectType) -> bool:
    return any(isinstance(declaration(_metadata(item)), (Part, Relation)) for item in found.fields.values())


def _type_model(found: GraphQLObjectType) -> TypeModel:
    fields = {name: _field_model(name, item) for name, item in found.fields.items()}
    node = any(interface.name == "Node" for interface in found.interfaces)
    return TypeModel(found.name, ANCHORS.get(found.name, ()), node, fields)


def _field_model(name: str, item: Any) -> FieldModel:
    metadata = _metadata(item)
    declared = declaration(metadata)
    non_null = is_non_null_type(item.type)
    match declared:
        case Identity() | Provenance():
            return Own(name=name, kind=type(declared))
        case Relation():
            return Link(name=name, relation=declared, non_null=non_null)
        case OwnedBy() | Part():
            roles = declared.roles if isinstance(declared, OwnedBy) else None
            kind = get_named_type(item.type)
            if isinstance(kind, GraphQLObjectType):
                return Group(
                    name=name, type=kind.name, roles=roles, non_null=non_null, restricted=restriction(metadata)
                )
            return Value(
                name=name,
                roles=roles,
                non_null=non_null,
                plural=is_list_type(get_nullable_type(item.type)),
                restricted=restriction(metadata),
            )
    raise TypeError(f"the field {name} of a canonical type declares nothing")


def _metadata(item: Any) -> Any:
    definition = item.extensions.get("strawberry-definition")
    return getattr(definition, "metadata", None)
