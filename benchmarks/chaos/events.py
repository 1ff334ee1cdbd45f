"""Lets things change on three platforms while gateways, workers and servers are killed, and asks every subscriber what
it heard: each change exactly once, in order per record.
"""

import argparse
import asyncio
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import uvloop
import yaml

from benchmarks.chaos import trouble
from benchmarks.chaos.changes import Change, Told, held_against, made, rows_of_changes
from benchmarks.chaos.clients import Clients
from benchmarks.chaos.installation import Installation, Installed
from benchmarks.chaos.listeners import STREAMS, Listener
from benchmarks.chaos.stage import grounded
from benchmarks.chaos.trouble import Troublemaker
from benchmarks.chaos.world import World, running_world
from benchmarks.pages import EVENTS, publish
from gateway.cli.baseline import all_known
from gateway.cli.demo_webhooks import new_secrets, subscribe

CHANGES, KILLS, LISTENERS, ACCOUNTS = 500, 40, 20, 100
AT_ONCE = 24
END_SECONDS = 120.0
"""After the last change; what a subscriber hasn't heard by then counts as missed."""
BASELINE_SECONDS = 300.0
FEEDS = {"shortest_seconds": 0.5, "longest_seconds": 2.0}


@dataclass
class Heard:
    """What came of it."""

    changes: int = 0
    kills: int = 0
    listeners: int = 0
    connections: int = 0
    missed: int = 0
    repeated: int = 0
    disordered: int = 0
    untold: int = 0
    """Changes that the ledger never told of, or more than once."""
    took: float = 0.0
    lags: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By platform, from each change to its arrival at each subscriber."""
    happened: Counter[str] = field(default_factory=Counter)
    by_platform: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not (self.missed or self.repeated or self.disordered or self.untold)


class EventCourse:
    """`run` it once."""

    def __init__(self, world: World, asked: argparse.Namespace) -> None:
        self._world = world
        self._asked = asked
        self._dice = random.Random(asked.seed)
        self._made = 0
        self._made_at: dict[str, list[float]] = defaultdict(list)
        self.heard = Heard()

    async def run(self, folder: Path) -> Heard:
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            ground = await stack.enter_async_context(grounded(self._world, folder, served=True))
            secrets = await asyncio.to_thread(new_secrets, self._world.control)
            _follow_changes(ground.installed, secrets)
            installation = Installation.start(ground.installed, gateways=2, workers=2)
            stack.push_async_callback(installation.stop)
            urls = list(installation.gateways)
            clients = Clients(urls, ground.installed.keys)
            stack.push_async_callback(clients.close)
            await clients.answered()
            await asyncio.to_thread(subscribe, self._world.control, urls[0].removesuffix("/graphql"), secrets)
            told = Told(ground.ledger)
            await all_known(ground.ledger, seconds=BASELINE_SECONDS)
            rows = await asyncio.to_thread(rows_of_changes, self._world, self._dice, many=self._asked.changes)
            listeners = list(_listeners(urls, ground.installed.keys["portal"], self._asked.listeners))
            assert ground.servers is not None
            mishaps = trouble.of_processes(installation, self._dice) + trouble.of_servers(*ground.servers, self._dice)
            between = sum(map(len, rows)) / max(1, self._asked.kills)
            maker = Troublemaker(mishaps, self._dice, between, self._so_far)
            await self._under_way(rows, listeners, told, maker)
            self._judge(rows, listeners, told)
            self.heard.kills, self.heard.happened = maker.kills, maker.happened
        self.heard.took = time.monotonic() - began
        return self.heard

    async def _so_far(self) -> int:
        return self._made

    async def _under_way(
        self, rows: Sequence[Sequence[Change]], listeners: Sequence[Listener], told: Told, maker: Troublemaker
    ) -> None:
        following = [asyncio.create_task(told.follow())]
        following += [asyncio.create_task(listener.listen()) for listener in listeners]
        await asyncio.gather(*(listener.ready.wait() for listener in listeners))
        await asyncio.sleep(1.0)  # nothing tells over a socket that a subscription is taken: it is, by then
        everything = rows
        rows = await self._first_heard(everything, listeners, told)
        troubling = [asyncio.create_task(maker.run())] if self._asked.kills else []
        try:
            places = asyncio.Semaphore(AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for row in rows:
                    group.create_task(self._change(row, told, places))
        finally:
            for task in troubling:
                task.cancel()
            await asyncio.gather(*troubling, return_exceptions=True)
        wanted = Counter(change.type for row in everything for change in row)
        until = time.monotonic() + END_SECONDS
        while time.monotonic() < until:
            if all(len(each.heard) >= wanted[_type_of(each)] for each in listeners):
                break
            await asyncio.sleep(0.5)
        await asyncio.sleep(2.0)  # a repetition would come after all that was waited for
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    async def _first_heard(
        self, rows: Sequence[Sequence[Change]], listeners: Sequence[Listener], told: Told
    ) -> Sequence[Sequence[Change]]:
        """The rows that are left once each subscriber has a cursor: who has none yet can only begin anew."""
        first = [next(row for row in rows if row[0].type == name) for name in ("Project", "Invoice")]
        for row in first:
            await self._change(row, told, asyncio.Semaphore(1))
        async with asyncio.timeout(END_SECONDS):
            while not all(listener.heard for listener in listeners):  # noqa: ASYNC110 - others hear
                await asyncio.sleep(0.1)
        return [row for row in rows if row not in first]

    async def _change(self, row: Sequence[Change], told: Told, places: asyncio.Semaphore) -> None:
        async with places:
            for number, change in enumerate(row, 1):
                self._made_at[change.record].append(time.monotonic())
                await asyncio.to_thread(made, self._world, change)
                try:
                    await told.until(change, number=number)
                except TimeoutError:
                    return  # the verdict says so
                self._made += 1

    def _judge(self, rows: Sequence[Sequence[Change]], listeners: Sequence[Listener], told: Told) -> None:
        heard = self.heard
        heard.changes = sum(map(len, rows))
        heard.listeners = len(listeners)
        heard.connections = sum(listener.connections for listener in listeners)
        for row in rows:
            first = row[0]
            heard.by_platform[first.request[1].split("/")[2]] += len(row)
            heard.untold += sum(held_against(row, told.of[first.type, first.record, first.path]))
        for listener in listeners:
            by_record: dict[str, list[tuple[str | None, str]]] = defaultdict(list)
            for record, before, after in listener.heard:
                by_record[record].append((before, after))
            for row in rows:
                if row[0].type == _type_of(listener):
                    missed, repeated, disordered = held_against(row, by_record.pop(row[0].record, []))
                    heard.missed += missed
                    heard.repeated += repeated
                    heard.disordered += disordered
            heard.repeated += sum(map(len, by_record.values()))  # of what nobody has changed
            self._note_lags(listener)

    def _note_lags(self, listener: Listener) -> None:
        made_at = {record: iter(moments) for record, moments in self._made_at.items()}
        platform = "kantata" if _type_of(listener) == "Project" else "netsuite"
        for (record, _, _), arrived in zip(listener.heard, listener.at, strict=True):
            begun = next(made_at.get(record, iter(())), None)
            if begun is not None:
                self.heard.lags[platform].append(arrived - begun)


def _type_of(listener: Listener) -> str:
    return "Project" if listener.stream == "projectStatusChanged" else "Invoice"


def _listeners(urls: Sequence[str], key: str, many: int) -> Iterator[Listener]:
    for number in range(many):
        stream = tuple(STREAMS)[number % 2]
        yield Listener(stream, urls, key, over_socket=number // 2 % 2 == 0, first=number // 4 % len(urls))


def _follow_changes(installed: Installed, secrets: dict[str, str]) -> None:
    """Feeds and webhooks on, rules off: nothing changes but what is changed here."""
    settings = yaml.safe_load(installed.settings.read_text(encoding="utf-8"))
    settings["feeds"] = dict(FEEDS)
    settings["webhooks"] = {}
    for name, secret in secrets.items():
        file = installed.settings.parent / f"{name}.webhooks"
        file.write_text(secret, encoding="utf-8")
        settings["webhooks"][name] = {"secrets": {"chaos": {"file": file.name}}}
    settings["triggers"] = dict.fromkeys(("convertWonDeals", "syncInvoices", "syncCustomers"), "off")
    installed.settings.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


HOW = """\
Two gateways and two workers on PostgreSQL and Redis. People change project statuses in Kantata (noticed by its feeds),
pay invoices in NetSuite and change accounts in Salesforce (noticed by webhooks, and by feeds where these get lost), one
change of a record after the other. Meanwhile gateways, workers, Redis (which comes back empty) and PostgreSQL are
killed with SIGKILL. Subscribers to projectStatusChanged and invoiceStatusChanged, half over graphql-transport-ws and
half over server-sent events, connect to the other gateway when theirs is gone, behind the last event that they saw.
*missed*, *repeated*, *disordered*: events of all subscribers together, and those of the ledger, that weren't each
change exactly once in per-record order.
"""


def page(courses: Sequence[Heard]) -> str:
    today = date.today().isoformat()  # noqa: DTZ011 - the machine's own day
    machine = f"{os.cpu_count()} cores, Linux {platform.release().partition('-')[0]}"
    lines = [
        "# Chaos of events",
        "",
        f"`./run chaos events` of {today}, on {machine}, shared with other work.",
        "",
        HOW,
        "## Heard",
        "",
        "| changes | on | kills | subscribers | connections | missed | repeated | disordered | took |",
        "|---|---|---|---|---|---|---|---|---|",
        *map(_figures, courses),
        "",
        "From a change to its arrival at each subscriber, kills and recoveries included:",
        "",
        "| kills | platform | noticed by | p50 | p95 | slowest |",
        "|---|---|---|---|---|---|",
        *(line for heard in courses for line in _lags(heard)),
        "",
        f"What happened: {'; '.join(map(_happened, courses))}.",
        "",
    ]
    return "\n".join(lines)


def last_line(courses: Sequence[Heard]) -> str:
    """What the command says in the end, over everything that it did."""

    def total(name: str) -> int:
        return sum(getattr(each, name) for each in courses)

    return (
        f"changes {total('changes')} kills {total('kills')} subscribers {total('listeners')} "
        f"missed {total('missed') + total('untold')} repeated {total('repeated')} disordered {total('disordered')}"
    )


def _figures(heard: Heard) -> str:
    made_on = ", ".join(f"{name} {count}" for name, count in sorted(heard.by_platform.items()))
    verdict = (heard.missed + heard.untold, heard.repeated, heard.disordered, f"{heard.took:.0f} s")
    cells = (heard.changes, made_on, heard.kills, heard.listeners, heard.connections, *verdict)
    return f"| {' | '.join(map(str, cells))} |"


def _happened(heard: Heard) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(heard.happened.items())) or "nothing"


def _lags(heard: Heard) -> Iterator[str]:
    for name, found in sorted(heard.lags.items()):
        lags = sorted(found)
        by = (
            "webhooks and feeds"
            if name == "netsuite"
            else f"feeds, every {FEEDS['shortest_seconds']} to {FEEDS['longest_seconds']} s"
        )
        p50, p95 = (lags[min(len(lags) - 1, int(len(lags) * share))] for share in (0.5, 0.95))
        yield f"| {heard.kills} | {name} | {by} | {p50:.1f} s | {p95:.1f} s | {lags[-1]:.1f} s |"


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="./run chaos events", description=__doc__)
    options.add_argument("--changes", type=int, default=CHANGES, help=f"changes in all (default {CHANGES})")
    options.add_argument("--kills", type=int, default=KILLS, help=f"mishaps in all, about (default {KILLS})")
    options.add_argument("--listeners", type=int, default=LISTENERS, help=f"subscribers (default {LISTENERS})")
    options.add_argument("--accounts", type=int, default=ACCOUNTS, help=f"clients of the firm (default {ACCOUNTS})")
    options.add_argument("--seed", type=int, default=7, help="of changes and mishaps (default 7)")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="keep logs here, to look into")
    options.add_argument("--print", action="store_true", help=f"print the figures instead of writing {EVENTS}")
    asked = options.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # everything started ends with us, however we are stopped
    with (
        tempfile.TemporaryDirectory(prefix="cw-chaos-") as temporary,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with running_world(folder, accounts=asked.accounts) as world:
            # Undisturbed first: so it is seen how long a change takes by itself.
            calm = argparse.Namespace(**{**vars(asked), "changes": asked.changes // 4, "kills": 0})
            courses = [
                runner.run(EventCourse(world, each).run(folder / f"course-{number}"))
                for number, each in enumerate((calm, asked))
            ]
    if asked.print:
        print(page(courses))
    else:
        publish(EVENTS, page(courses))
    print(last_line(courses))
    return 0 if all(heard.good for heard in courses) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
