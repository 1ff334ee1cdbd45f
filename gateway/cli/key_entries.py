"""Makes API keys as the settings file stores them."""

from dataclasses import asdict

from gateway.keys import new_key

ROLES = ("sales_ops", "pmo", "finance", "delivery", "auditor", "portal", "analyst", "service", "admin")


def new_entry(*, name: str, role: str) -> tuple[str, dict[str, str]]:
    """The key to hand over, and the entry of `keys:` that stands for it."""
    key, stored = new_key(name=name, role=role)
    return key, asdict(stored)


def keys_per_role() -> tuple[dict[str, str], list[dict[str, str]]]:
    """One key for every role that callers may have, by role, and the entries that stand for them."""
    made = {role: new_entry(name=role, role=role) for role in ROLES}
    return {role: key for role, (key, _) in made.items()}, [entry for _, entry in made.values()]
