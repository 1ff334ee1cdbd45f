"""The course of a demo: platforms, gateway, a sample question, and then waiting until it is stopped."""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from gateway.cli.ask import ask
from gateway.cli.baseline import all_known
from gateway.cli.demo_platforms import Firm, start_platforms
from gateway.cli.demo_settings import FEEDS, write_settings
from gateway.cli.demo_webhooks import new_secrets, subscribe
from gateway.cli.key_entries import keys_per_role
from gateway.cli.ledgers import opened_ledger
from gateway.cli.ports import listen, url_of
from gateway.cli.private_files import write_private
from gateway.cli.progress import Progress
from gateway.cli.refusal import Refusal
from gateway.cli.second_story import convert_a_deal
from gateway.cli.third_story import hear_of_a_change
from runtime.clock import SystemClock
from runtime.settings import read_settings

_FIRST_LOOK_SECONDS = 600.0
"""For the largest firms; a usual one is looked at in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoWishes:
    port: int
    firm: Firm
    ready_file: Path | None


async def run_demo(wishes: DemoWishes) -> None:
    """Everything from nothing to a gateway that answers; runs until it is cancelled or a platform dies."""
    progress = Progress()
    if wishes.ready_file is not None:
        _forget_earlier(wishes.ready_file)
    listener = listen("127.0.0.1", wishes.port)
    progress.say("Crosswalk demo")
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crosswalk-demo-")))
        platforms, sandbox = await start_platforms(wishes.firm, folder, stack, progress)
        keys, entries = keys_per_role()
        webhooks = new_secrets(sandbox["control"])
        settings_file = write_settings(folder, sandbox["platforms"], entries, feeds=FEEDS, webhooks=webhooks)
        with progress.step("the gateway"):
            from gateway.cli.wiring import running_gateway  # slow to import: after what can be told without it

            # The demo is the same whatever the caller's environment holds.
            settings = read_settings(settings_file, environ={})
            await stack.enter_async_context(running_gateway(settings, listener))
        subscribe(sandbox["control"], url_of(listener), webhooks)
        with progress.step("a first look at every record"):
            async with opened_ledger(settings, SystemClock()) as ledger:
                await all_known(ledger, seconds=_FIRST_LOOK_SECONDS)
        url = f"{url_of(listener)}/graphql"
        question = files("gateway.cli").joinpath("sample.graphql").read_text(encoding="utf-8")
        with progress.step("a sample question"):
            answer = await asyncio.to_thread(ask, url, key=keys["admin"], document=question)
        _show_answer(question, answer)
        await asyncio.to_thread(_stories, wishes.firm, url, keys, sandbox["control"])
        _show_places(url=url, keys=keys, sandbox=sandbox)
        if wishes.ready_file is not None:
            ready = {"graphql": url, "keys": keys, "sandbox": sandbox}
            write_private(wishes.ready_file, json.dumps(ready, indent=2) + "\n")
        progress.say(f"\nReady after {progress.elapsed():.1f} s. Ctrl-C stops it.")
        stack.callback(progress.say, "\nStopped.")
        code = await platforms.ended()
        raise Refusal(f"the sandbox ended by itself (exit code {code}); its last words:", *platforms.last_words())


def _forget_earlier(ready_file: Path) -> None:
    """An earlier demo's file would tell whoever waits for it that this one is ready."""
    if not ready_file.parent.is_dir():
        raise Refusal(f"--ready-file: there is no folder {ready_file.parent}")
    try:
        ready_file.unlink(missing_ok=True)
    except OSError as error:
        raise Refusal(f"--ready-file: {ready_file} can't be replaced: {error.strerror}") from None


def _show_answer(question: str, answer: Mapping[str, Any]) -> None:
    print("\nA question over all platforms:\n")
    print(question)
    print("Its answer:\n")
    print(json.dumps(answer, indent=2, ensure_ascii=False))


def _stories(firm: Firm, url: str, keys: Mapping[str, str], control: str) -> None:
    if firm.tryton:
        print("\nTryton is only read so far; `crosswalk demo` with its usual ERP shows what is written.")
        return

    def ask_data(document: str, variables: dict[str, object]) -> Mapping[str, Any]:
        answer = ask(url, key=keys["service"], document=document, variables=variables)
        if answer.get("errors"):
            raise Refusal(*(f"the demo's stories failed: {error['message']}" for error in answer["errors"]))
        found: Mapping[str, Any] = answer["data"]
        return found

    deal = convert_a_deal(ask_data, print)
    if deal is not None:
        hear_of_a_change(ask_data, deal, url=url, key=keys["portal"], control=control, say=print)


def _show_places(*, url: str, keys: Mapping[str, str], sandbox: Mapping[str, Any]) -> None:
    print("\nLook around")
    print(f"  GraphQL       {url}")
    print(f"  GraphiQL      {url.removesuffix('graphql')}  (asks for a key)")
    print(f"  sandbox       {sandbox['control']}  (GET /calls, POST /faults, GET /firm, GET /webhooks)")
    for name, platform in sandbox["platforms"].items():
        print(f"  {name:<13} {platform['url']}  ({platform['role']}, {platform['vendor']})")
    print("\nKeys, one per role")
    for role, key in keys.items():
        print(f"  {role:<13} {key}")
    body = json.dumps({"query": "{ accounts(first: 3) { nodes { name billing { overdue { amount currency } } } } }"})
    print("\nAsk it yourself")
    print(f"  curl {url} -H 'Content-Type: application/json' -H 'X-API-Key: {keys['portal']}' \\")
    print(f"    -d '{body}'", flush=True)
