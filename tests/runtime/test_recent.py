"""What was used last stays, as far as the bounds allow."""

from runtime.recent import Recent


def kept(recent: Recent[str, int], *keys: str) -> str:
    return "".join(key for key in keys if recent.get(key) is not None)


def test_the_longest_unused_is_forgotten_first():
    recent: Recent[str, int] = Recent(entries=2, weight=100)
    recent.keep("a", 1, weight=1)
    recent.keep("b", 2, weight=1)
    assert recent.get("a") == 1
    recent.keep("c", 3, weight=1)
    assert kept(recent, "a", "b", "c") == "ac"


def test_all_together_weigh_no_more_than_allowed():
    recent: Recent[str, int] = Recent(entries=100, weight=10)
    for n, key in enumerate("abcd"):
        recent.keep(key, n, weight=4)
    assert kept(recent, *"abcd") == "cd"
    recent.keep("e", 4, weight=11)
    assert len(recent) == 0
    recent.keep("f", 5, weight=10)
    assert recent.get("f") == 5


def test_what_is_kept_again_weighs_once():
    recent: Recent[str, int] = Recent(entries=100, weight=10)
    recent.keep("a", 1, weight=5)
    for n in range(20):
        recent.keep("b", n, weight=5)
    assert (recent.get("a"), recent.get("b")) == (1, 19)
