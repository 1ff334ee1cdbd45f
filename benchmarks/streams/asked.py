"""What every subscriber asks for, in words that both services understand."""

KEY = "cw_admin_benchmark"
STATUSES = ("ACTIVE", "ON_HOLD", "COMPLETED", "PLANNED")
SUBSCRIPTION = (
    "subscription { projectStatusChanged {"
    " cursor correlationId occurredAt platform before after projectId"
    " project { id code name status startDate endDate managerName } } }"
)


def project_id(number: int) -> str:
    """The platform's own id of some project of the firm: 5 of each account."""
    return f"P{number // 5 % 20_000:06}{number % 5:02}"
