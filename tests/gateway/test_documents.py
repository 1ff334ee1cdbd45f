"""A document is examined once; what is remembered is bounded."""

from typing import Any

import pytest

from gateway import documents as module
from gateway.documents import Documents
from gateway.options import EdgeOptions


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    parse = module.parse

    def counting(source: str, **options: Any) -> Any:
        seen.append(source)
        return parse(source, **options)

    monkeypatch.setattr(module, "parse", counting)
    return seen


@pytest.mark.parametrize("source", ["{ hello }", "{", "{ unknown }", "{ " + "hello " * 21 + "}"])
def test_good_and_bad_documents_are_examined_once(make_engine: Any, examined: list[str], source: str) -> None:
    documents = Documents(make_engine().schema, EdgeOptions())
    first, second = documents.prepare(source), documents.prepare(source)
    assert first is second
    assert examined == [source]


def test_the_longest_unused_is_forgotten_first(make_engine: Any, examined: list[str]) -> None:
    documents = Documents(make_engine().schema, EdgeOptions(cached_documents=2))
    for source in ("{ hello }", "{ slow }", "{ hello }", "{ broken }", "{ hello }", "{ slow }"):
        documents.prepare(source)
    assert examined == ["{ hello }", "{ slow }", "{ broken }", "{ slow }"]


def test_source_text_is_bounded(make_engine: Any) -> None:
    documents = Documents(make_engine().schema, EdgeOptions(cached_document_characters=1_000))
    for n in range(100):
        documents.prepare(f"{{ hello }} # {n:90}")
    assert len(documents) <= 10
    documents.prepare("{ hello } #" + "x" * 2_000)
    assert len(documents) == 0


def test_the_hash_is_that_of_the_text(make_engine: Any) -> None:
    documents = Documents(make_engine().schema, EdgeOptions())
    assert documents.prepare("{ hello }").hash != documents.prepare("{ hello  }").hash
    assert len(documents.prepare("{ hello }").hash) == 64
