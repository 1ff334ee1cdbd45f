"""Each answer that isn't good is one leaf of the error tree."""

import json

import pytest

from platforms.http import Headers, HttpResponse
from platforms.netsuite.errors import NoSuchRecord, classify
from schema.errors import (
    Landed,
    UpstreamDuplicate,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamMaintenance,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)


def answer(status, body=b"", code=""):
    if code:
        body = json.dumps(
            {"title": "x", "status": status, "o:errorDetails": [{"detail": "Words.", "o:errorCode": code}]}
        )
    return HttpResponse(status=status, headers=Headers([]), body=body if isinstance(body, bytes) else body.encode())


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "INVALID_PARAMETER", UpstreamRejected),
        (400, "USER_ERROR", UpstreamRejected),
        (400, "INVALID_LOGIN", UpstreamUnauthorized),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED", UpstreamRateLimited),
        (400, "INSUFFICIENT_PERMISSION", UpstreamForbidden),
        (401, "INVALID_LOGIN", UpstreamUnauthorized),
        (403, "INSUFFICIENT_PERMISSION", UpstreamForbidden),
        (400, "INVALID_CONTENT", UpstreamRejected),
        (400, "DUP_RCRD", UpstreamDuplicate),
        (400, "RCRD_HAS_BEEN_CHANGED", UpstreamLocked),
        (404, "NONEXISTENT_ID", NoSuchRecord),
        (404, "NOT_FOUND", UpstreamRejected),
        (404, "", UpstreamRejected),
        (408, "", UpstreamTimeout),
        (415, "INVALID_REQUEST", UpstreamRejected),
        (429, "CONCURRENCY_LIMIT_EXCEEDED", UpstreamRateLimited),
        (429, "", UpstreamRateLimited),
        (500, "UNEXPECTED_ERROR", UpstreamUnavailable),
        (502, "", UpstreamUnavailable),
        (503, "", UpstreamMaintenance),
        (504, "", UpstreamTimeout),
    ],
)
def test_status_and_code_name_the_error(status, code, error):
    found = classify(answer(status, b"<html>", code))
    assert type(found) is error
    assert found.landed is (Landed.UNKNOWN if status >= 500 or status == 408 else Landed.NO)


@pytest.mark.parametrize("words", ["This entity already exists.", "That name has ALREADY BEEN USED. Choose another."])
def test_a_business_rule_about_duplicates_is_told_by_its_words(words):
    body = json.dumps({"o:errorDetails": [{"detail": words, "o:errorCode": "USER_ERROR"}]})
    assert type(classify(answer(400, body))) is UpstreamDuplicate


def test_a_refusal_tells_every_complaint_with_its_place():
    details = [
        {
            "detail": "Invalid reference key 9 for item.",
            "o:errorPath": "item.items[0].item",
            "o:errorCode": "INVALID_CONTENT",
        },
        {"detail": "Enter a date.", "o:errorCode": "USER_ERROR"},
    ]
    found = classify(answer(400, json.dumps({"o:errorDetails": details})))
    assert found is not None
    assert found.detail == (
        "NetSuite refused the request (INVALID_CONTENT): Invalid reference key 9 for item. [item.items[0].item]; "
        "Enter a date."
    )


def test_a_write_is_answered_without_a_body():
    assert classify(answer(204)) is None
    assert isinstance(classify(answer(204, b"<html>")), UpstreamInvalidResponse)


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "invalid_request"])
def test_the_token_endpoints_refusals_are_refused_credentials(code):
    assert isinstance(classify(answer(400, json.dumps({"error": code}))), UpstreamUnauthorized)


def test_a_refused_request_is_told_in_netsuites_words_cut_short():
    body = json.dumps({"o:errorDetails": [{"detail": "w" * 5000, "o:errorCode": "INVALID_PARAMETER"}]})
    found = classify(answer(400, body))
    assert found is not None
    assert found.detail.startswith("NetSuite refused the request (INVALID_PARAMETER): www")
    assert len(found.detail) < 400


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"null", b'{"items": ['])
def test_a_good_status_without_json_is_no_answer(body):
    assert isinstance(classify(answer(200, body)), UpstreamInvalidResponse)


@pytest.mark.parametrize("body", [b"{}", b"[]", b"\xff", b'{"o:errorDetails": 7}', b'{"o:errorDetails": []}'])
def test_an_error_body_of_another_shape_is_still_an_error(body):
    assert isinstance(classify(answer(400, body)), UpstreamRejected)


def test_a_good_answer_is_no_error():
    assert classify(answer(200, b'{"items": []}')) is None
