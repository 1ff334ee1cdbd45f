"""Assignments: who is to do which story.

https://developer.kantata.com/tag/Assignments
"""

from sandbox.kantata.attributes import STAMPS, Kind, writable
from sandbox.kantata.collection import BY_STAMP, Collection, belongs_to, hung_on
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
        *STAMPS,
    ),
    associations=(
        belongs_to("story", "stories", writable=True, required=True),
        belongs_to("assignee", "users", writable=True),
        belongs_to("resource", "workspace_resources", writable=True),
        hung_on("Assignment", "external_references"),
    ),
    filters={**stamped(), "story_id": by_ids("story_id"), "assignee_id": by_ids("assignee_id")},
    orders=BY_STAMP,
    synced=True,
    event="assignment",
)
