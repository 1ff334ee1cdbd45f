"""Participations: who takes part in which project, and what they may do there.

https://developer.kantata.com/tag/Participations
"""

from sandbox.kantata.attributes import Kind, stored
from sandbox.kantata.collection import Collection, belongs_to
from sandbox.kantata.filters import by_ids, stamped

PARTICIPATIONS = Collection(
    name="participations",
    singular="participation",
    subject="Participation",
    page="https://developer.kantata.com/tag/Participations",
    verbs="LS",
    attributes=(
        stored("role", default="maven"),
        stored("access", default="edit_time_and_expenses"),
        stored("created_at", Kind.DATETIME),
        stored("updated_at", Kind.DATETIME),
    ),
    associations=(belongs_to("workspace", "workspaces"), belongs_to("user", "users")),
    filters={**stamped(), "workspace_id": by_ids("workspace_id"), "user_id": by_ids("user_id")},
    orders={"created_at": "created_at", "updated_at": "updated_at"},
    event="participation",
)
