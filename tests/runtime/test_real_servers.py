"""The servers that the suite brings along are real, and of a kind that the product supports."""

import psycopg
import redis

from runtime.redis import connect_redis, probe_redis


def test_the_suite_brings_a_real_postgresql(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        version = connection.execute("show server_version_num").fetchone()
    assert version is not None
    assert int(version[0]) >= 160_000


def test_the_suite_brings_a_real_server_that_speaks_redis(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.eval("return redis.call('incr', KEYS[1])", 1, "count") == 1


async def test_what_one_client_writes_another_reads(redis_url: str) -> None:
    one, other = connect_redis(redis_url), connect_redis(redis_url)
    try:
        await one.set("key", "value")
        assert await other.get("key") == b"value"
    finally:
        await one.aclose()
        await other.aclose()


async def test_a_server_that_answers_has_no_complaint(redis_url: str) -> None:
    assert await probe_redis(redis_url) is None
