"""A record that the org takes for one that it has: by a duplicate rule, or by a unique field.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm
"""

import re

import msgspec

from platforms.salesforce.ids import full_id, is_record_id
from platforms.salesforce.refusal import Refusal
from schema.errors import UpstreamDuplicate

_HOLDER = re.compile(r"record with id: ([0-9A-Za-z]{15,18})\b")
_SHOWN = 10  # ids in the detail; all of them are in `candidates`


class _Record(msgspec.Struct):
    Id: str


class _MatchRecord(msgspec.Struct):
    record: _Record


class _MatchResult(msgspec.Struct, rename="camel"):
    match_records: list[_MatchRecord] = []


class _Verdict(msgspec.Struct, rename="camel"):
    duplicate_rule: str = ""
    match_results: list[_MatchResult] = []


def duplicate(told: Refusal) -> UpstreamDuplicate:
    """The refusal with the ids of the records that it speaks of, as far as they can be read."""
    verdict = _verdict(told)
    ids = [match.record.Id for result in verdict.match_results for match in result.match_records]
    found = [full_id(name) for name in _HOLDER.findall(told.message)]
    candidates = tuple(dict.fromkeys([*filter(is_record_id, ids), *filter(None, found)]))
    what = f"rule {verdict.duplicate_rule}" if verdict.duplicate_rule else told.quoted()
    those = f": {', '.join(candidates[:_SHOWN])}" if candidates else ""
    return UpstreamDuplicate(f"the org holds it for a record that it has{those} ({what})", candidates=candidates)


def _verdict(told: Refusal) -> _Verdict:
    try:
        return msgspec.json.decode(told.duplicateResult, type=_Verdict)
    except msgspec.MsgspecError:
        return _Verdict()
