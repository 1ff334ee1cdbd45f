"""What a project shows of its invoices, in custom fields that governed writes fill, for comparing it in bulk."""

from platforms.kantata.endpoints import WORKSPACES, KantataFacet
from platforms.kantata.envelope import part
from platforms.kantata.keys import OWN
from platforms.kantata.mapping import STAMPS, custom, facet, reference
from platforms.kantata.options import AccountOptions
from platforms.kantata.places import kept_amount
from platforms.mapping import Mapped, derived, text
from platforms.rows import Field


def project_billing(options: AccountOptions) -> KantataFacet:
    return facet(
        "ProjectBilling",
        "workspace",
        WORKSPACES,
        (
            custom("billing.status", options.billing_status_field),
            figure("billing.invoiced", options.billing_invoiced_field),
            figure("billing.paid", options.billing_paid_field),
            figure("billing.outstanding", options.billing_outstanding_field),
            figure("billing.credited", options.billing_credited_field),
            text("currency", "currency", writable=False),
            reference("account", options.account_reference),
            *STAMPS,
        ),
        keys={"id": OWN},
        ignored=frozenset(),
    )


def figure(path: str, name: str) -> Mapped:
    """An amount in a custom field, in the project's currency."""
    fields = (Field(part("custom_field_values", name), list), Field("currency"), Field("currency_base_unit", int))
    return derived(path, fields, kept_amount)
