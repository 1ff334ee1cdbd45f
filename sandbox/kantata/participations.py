"""Participations: who takes part in which project, and what they may do there.

https://developer.kantata.com/tag/Participations
"""

from sandbox.kantata.attributes import STAMPS, stored
from sandbox.kantata.collection import BY_STAMP, Collection, belongs_to
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
        *STAMPS,
    ),
    associations=(belongs_to("workspace", "workspaces"), belongs_to("user", "users")),
    filters={**stamped(), "workspace_id": by_ids("workspace_id"), "user_id": by_ids("user_id")},
    orders=BY_STAMP,
    event="participation",
)
