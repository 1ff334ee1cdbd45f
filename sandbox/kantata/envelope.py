"""The response envelope: count, results, one map per collection, meta.

https://developer.kantata.com/section/response-format ; brainstem lib/brainstem/presenter_collection.rb
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.kantata.account import Account
from sandbox.kantata.collection import Association, Collection
from sandbox.kantata.parameters import listed
from sandbox.kantata.selection import Page
from sandbox.store import Record

Presented = dict[str, Any]


def envelope(account: Account, collection: Collection, page: Page, params: Mapping[str, Any]) -> Presented:
    """The page with what `include` and `optional_fields` ask for. `results` alone tells membership and order."""
    included = includes(collection, params)
    answer: Presented = {
        "count": page.count,
        "results": [{"key": collection.name, "id": row["id"]} for row in page.records],
        collection.name: {},
        "meta": {
            "count": page.count,
            "page_count": page.pages,
            "page_number": page.number,
            "page_size": page.size,
        },
    }
    for association in included:
        if association.target is not None:
            answer.setdefault(association.target, {})
    optional = frozenset(listed(params.get("optional_fields") or ""))
    loaded: dict[str, dict[str, Record]] = {}
    for row in page.records:
        answer[collection.name][row["id"]] = present(
            account, collection, row, included=included, optional=optional, loaded=loaded
        )
    for name, rows in loaded.items():
        shown = answer.setdefault(name, {})
        for row in rows.values():
            if row["id"] not in shown:
                shown[row["id"]] = present(account, account.collections[name], row)
    return answer


def includes(collection: Collection, params: Mapping[str, Any]) -> list[Association]:
    """The associations asked for; unknown ones, and those reserved to `only` requests, are silently left out."""
    known = collection.association_by_name
    asked = (known[name] for name in dict.fromkeys(listed(params.get("include") or "")) if name in known)
    return [association for association in asked if params.get("only") or not association.only_with_only]


def present(
    account: Account,
    collection: Collection,
    row: Record,
    *,
    included: Iterable[Association] = (),
    optional: frozenset[str] = frozenset(),
    loaded: dict[str, dict[str, Record]] | None = None,
) -> Presented:
    """One record as it is answered; side-loads go into `loaded`, by collection and id."""
    shown: Presented = {"id": row["id"]}
    for attribute in collection.attributes:
        if attribute.unshown or (attribute.optional and attribute.name not in optional):
            continue
        name = attribute.name
        shown[name] = attribute.read(account, row) if attribute.read is not None else row.get(name, attribute.default)
    for association in collection.associations:
        if association.column is not None and association.target is not None:
            shown[f"{association.name}_id"] = row.get(association.column)
    for association in included:
        _side_load(account, row, association, shown, {} if loaded is None else loaded)
    return shown


def _side_load(
    account: Account, row: Record, association: Association, shown: Presented, loaded: dict[str, dict[str, Record]]
) -> None:
    if association.target is None:
        key, found = owner(account, row)
        shown[f"{association.name}_ref"] = {"id": found["id"], "key": key} if found is not None else None
        others = [found] if found is not None else []
    elif association.column is not None:
        key = association.target
        others = account.tables[key].where("id", [row.get(association.column)])
    else:
        key = association.target
        others = association.find(account, row) if association.find is not None else []
        shown[association.ids_key] = [other["id"] for other in others]
    if others:
        loaded.setdefault(key, {}).update((other["id"], other) for other in others)


def owner(account: Account, row: Record) -> tuple[str, Record | None]:
    """The collection and the record that a polymorphic link names by `subject_type` and `subject_id`."""
    collection = account.by_subject.get(row["subject_type"])
    if collection is None:
        return "", None
    return collection.name, account.tables[collection.name].get(str(row["subject_id"]))


def everything(account: Account, collection: Collection, row: Record) -> Presented:
    """The record with all its optional fields and the ids of all its associations, for a person to look at."""
    optional = frozenset(attribute.name for attribute in collection.attributes)
    return present(account, collection, row, included=collection.associations, optional=optional)
