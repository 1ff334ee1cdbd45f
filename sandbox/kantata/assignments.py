"""Assignments: who is to do which story.

https://developer.kantata.com/tag/Assignments
"""

from sandbox.kantata.attributes import Kind, stored, writable
from sandbox.kantata.collection import Collection, belongs_to, hung_on
from sandbox.kantata.filters import by_ids, stamped

ASSIGNMENTS = Collection(
    name="assignments",
    singular="assignment",
    subject="Assignment",
    page="https://developer.kantata.com/tag/Assignments",
    verbs="LSCUD",
    attributes=(
        writable("estimated_minutes", Kind.INTEGER),
        writable("allocated_minutes", Kind.INTEGER),
        writable("current", Kind.BOOLEAN, default=True),
        stored("created_at", Kind.DATETIME),
        stored("updated_at", Kind.DATETIME),
    ),
    associations=(
        belongs_to("story", "stories", writable=True, required=True),
        belongs_to("assignee", "users", writable=True),
        belongs_to("resource", "workspace_resources", writable=True),
        hung_on("Assignment", "external_references"),
    ),
    filters={**stamped(), "story_id": by_ids("story_id"), "assignee_id": by_ids("assignee_id")},
    orders={"created_at": "created_at", "updated_at": "updated_at"},
    synced=True,
    event="assignment",
)
