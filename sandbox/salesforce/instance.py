"""The org with everything that serves it: sessions, cursors, jobs and the request quota."""

from dataclasses import dataclass

from sandbox.salesforce.bulk_jobs import BulkJobs
from sandbox.salesforce.cursors import Cursors
from sandbox.salesforce.org import Org
from sandbox.salesforce.quota import Quota
from sandbox.salesforce.sessions import Sessions


@dataclass(slots=True)
class Instance:
    org: Org
    sessions: Sessions
    cursors: Cursors
    bulk_jobs: BulkJobs
    quota: Quota
