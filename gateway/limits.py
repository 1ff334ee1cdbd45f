"""Counts what a document would be with its fragments written out, in time linear to the document as it stands."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.options import DocumentLimits
from gateway.refusals import coded
from schema.errors import ErrorCode

INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})
LARGEST_COUNT = 1_000_000
"""Shown in place of anything larger: nested fragments count up to numbers of hundreds of digits."""


class Weight(NamedTuple):
    """Of a selection set, with its fragments written out."""

    depth: int
    width: int
    """Fields of the set itself, without those below them."""
    fields: int
    aliases: int
    directives: int


NOTHING = Weight(0, 0, 0, 0, 0)


class Scale:
    """Weighs the operations of one document; each fragment is weighed once, however often it is spread."""

    def __init__(self, document: DocumentNode) -> None:
        self.introspects = False
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._weighed: dict[str, Weight] = {}

    def weigh(self, operation: OperationDefinitionNode) -> Weight:
        weight = self._weigh_set(operation.selection_set)
        return weight._replace(directives=weight.directives + len(operation.directives or ()))

    def _weigh_set(self, selection_set: SelectionSetNode) -> Weight:
        depth = width = fields = aliases = directives = 0
        spread: set[str] = set()
        for selection in selection_set.selections:
            directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                below = self._weigh_set(selection.selection_set) if selection.selection_set else NOTHING
                # The schema's own types nest deeper than any sensible query; validation limits their lists by itself.
                introspection = selection.name.value in INTROSPECTION_FIELDS
                self.introspects = self.introspects or introspection
                depth = max(depth, 1 if introspection else below.depth + 1)
                width += 1
                fields += below.fields + 1
                aliases += below.aliases + (selection.alias is not None)
                directives += below.directives
                continue
            if isinstance(selection, InlineFragmentNode):
                below = self._weigh_set(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in spread:
                spread.add(selection.name.value)
                below = self._weigh_fragment(selection.name.value)
            else:
                continue  # the same fragment spread twice side by side is one
            depth = max(depth, below.depth)
            width += below.width
            fields += below.fields
            aliases += below.aliases
            directives += below.directives
        return Weight(depth, width, fields, aliases, directives)

    def _weigh_fragment(self, name: str) -> Weight:
        weight = self._weighed.get(name)
        if weight is None:
            # Stands while the fragment is being weighed, so that a cycle ends here; validation refuses cycles.
            self._weighed[name] = NOTHING
            fragment = self._fragments.get(name)
            weight = self._weigh_set(fragment.selection_set) if fragment else NOTHING
            self._weighed[name] = weight
        return weight


def past_limits(weight: Weight, limits: DocumentLimits) -> Iterator[dict[str, Any]]:
    """A GraphQL error for each limit that the operation passes."""
    rows = (
        ("depth", weight.depth, limits.depth, "Fields are nested {found} deep; {allowed} is the most."),
        (
            "rootFields",
            weight.width,
            limits.root_fields,
            "The operation has {found} root fields; {allowed} is the most.",
        ),
        ("aliases", weight.aliases, limits.aliases, "The operation has {found} aliases; {allowed} is the most."),
        (
            "directives",
            weight.directives,
            limits.directives,
            "The operation has {found} directives; {allowed} is the most.",
        ),
        ("fields", weight.fields, limits.fields, "The operation asks for {found} fields; {allowed} is the most."),
    )
    for name, count, allowed, sentence in rows:
        if count > allowed:
            yield past_limit(name, count, allowed, sentence)


def past_limit(name: str, found: int, allowed: int, sentence: str) -> dict[str, Any]:
    shown = str(found) if found <= LARGEST_COUNT else f"more than {LARGEST_COUNT}"
    message = (
        sentence.format(found=shown, allowed=allowed) + " Fragments count as if written out. Ask in several operations."
    )
    limit = {"name": name, "found": min(found, LARGEST_COUNT), "allowed": allowed}
    return coded(message, ErrorCode.GRAPHQL_VALIDATION_FAILED, limit=limit)
