"""Salesforce for the contract suite."""

from typing import Any

from platforms.readers import Facet
from sandbox.firm.ids import salesforce_id
from sandbox.salesforce import SalesforcePlatform
from sandbox.salesforce.objects import OBJECTS

PAGE_ROWS = 16
PLATFORM = f"salesforce:query_page={PAGE_ROWS}"
CREDENTIALS = ("client_id", "client_secret")
OPTIONS: dict[str, Any] = {}


def strangers(type_name: str, count: int) -> list[str]:
    return [salesforce_id("0zz", f"{type_name}-{number}") for number in range(count)]


def fields(platform: SalesforcePlatform, facet: Facet) -> set[str]:
    assert facet.entity in platform.tables
    return {field.name for field in OBJECTS[facet.entity].declared}


def expire(platform: SalesforcePlatform) -> None:
    platform.expire_sessions()
