"""The roles that platforms play for a firm."""

from enum import Enum


class PlatformRole(Enum):
    """A firm binds each role to one or more configured platforms."""

    CRM = "CRM"
    CLM = "CLM"
    PSA = "PSA"
    BILLING = "BILLING"
    ERP = "ERP"
    HRIS = "HRIS"
