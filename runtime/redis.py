"""Connects to Redis or Valkey so that no call waits for ever."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import RedisError

# A frozen server (SIGSTOP, a lost network) holds a socket open without answering: redis-py waits for ever by default.
CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 1.0


def connect_redis(url: str) -> Redis:
    """A client for `url`; it connects with its first command and must be closed with `aclose()`.

    An idle connection is checked before use, and a command is tried once more where its connection had died.
    """
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.1, base=0.01), 1),
    )


async def probe_redis(url: str) -> str | None:
    """None when the server answers, else why it does not, in words that hold no secret."""
    client = Redis.from_url(
        url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=ANSWER_SECONDS, retry=Retry(NoBackoff(), 0)
    )
    try:
        await client.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return _why(error)
    finally:
        await client.aclose()
    return None


def _why(error: BaseException) -> str:
    name = type(error).__name__
    if "Authentication" in name or "NOAUTH" in str(error):
        return "it refuses the password"
    if "Timeout" in name:
        return f"no answer within {ANSWER_SECONDS:g} s"
    return "no connection" if "Connection" in name or isinstance(error, OSError) else f"it answered with {name}"
