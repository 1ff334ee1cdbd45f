"""NetSuite: SuiteTalk REST web services and SuiteQL, emulated."""

from sandbox.netsuite.platform import NetSuite, build

__all__ = ["NetSuite", "build"]
