"""Refusals as payloads tell them."""

import strawberry

from schema.enums import UserErrorCode


@strawberry.type(description="A refusal that the caller can act on. Nothing was written anywhere.")
class UserError:
    code: UserErrorCode = strawberry.field(description="What kind of refusal, for programs.")
    message: str = strawberry.field(description="What is wrong and what to do, for people.")
    path: list[str] | None = strawberry.field(
        description='The part of the arguments that is meant, such as `["input", "billing", "taxId"]`.'
    )
