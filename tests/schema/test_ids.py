"""Global ids: opaque, one per record, and nothing else passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import BadUserInput
from schema.ids import RecordKey, decode_id, encode_id

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
EXTERNAL = st.text(min_size=1, max_size=40)


@given(platform=NAMES, external_id=EXTERNAL)
def test_an_id_leads_back_to_its_record(platform, external_id):
    key = RecordKey("Account", platform, external_id)
    text = encode_id(key)
    assert decode_id(text) == key
    assert text.replace("-", "").replace("_", "").isalnum(), "an id goes into a URL as it is"


@given(st.text(max_size=60))
def test_no_other_text_is_taken_for_an_id(text):
    try:
        key = decode_id(text)
    except BadUserInput:
        return
    assert encode_id(key) == text


@pytest.mark.parametrize("text", ["", "nonsense", "QWNjb3VudA", "QWNjb3VudDpjcm06", "===", "é"])
def test_malformed_ids_say_what_to_use(text):
    with pytest.raises(BadUserInput, match="id"):
        decode_id(text)
