"""Adds the user that integrations sign in as: sees every company, keeps the books, is no administrator."""

# mypy: disable-error-code="import-not-found,import-untyped"

from collections.abc import Sequence

from trytond.pool import Pool

GROUPS = ("Accounting", "Accounting Administration", "Party Administration", "Analytic Administration")


def let_in(login: str, password: str, companies: Sequence[int]) -> None:
    """`company_filter` all: one call reads the records of every company, not only of the current one."""
    pool = Pool()
    groups = pool.get("res.group").search([("name", "in", list(GROUPS))])
    values = {
        "login": login,
        "name": login.title(),
        "password": password,
        "groups": [("add", [group.id for group in groups])],
        "companies": [("add", list(companies))],
        "company": companies[0],
        "company_filter": "all",
    }
    pool.get("res.user").create([values])


def widen_admin(companies: Sequence[int]) -> None:
    """The administrator sees every company too, for the person who looks into Tryton with its own client."""
    (admin,) = Pool().get("res.user").search([("login", "=", "admin")])
    values = {"companies": [("add", list(companies))], "company": companies[0], "company_filter": "all"}
    Pool().get("res.user").write([admin], values)
