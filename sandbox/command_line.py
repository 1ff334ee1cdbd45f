"""What `python -m sandbox` can be told, and the help that says so."""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import NoReturn

from sandbox.world import offered_options, real_vendors, vendors

_DESCRIPTION = """\
Runs emulated CRM, PSA and ERP platforms on this machine. They hold one invented firm, each in its own way, and answer
as the vendors' documentation says. A control API counts the calls, makes platforms fail, and shows and changes what
they hold. Nothing outside this machine is reached or can reach it. Ctrl-C stops everything; nothing is kept.
"""
_EXAMPLES = """\
examples:
  python -m sandbox
  python -m sandbox --only salesforce,netsuite --accounts 20000
  python -m sandbox --platform netsuite-emea=netsuite:legal_entities=le-uk+le-de --ready-file sandbox.json

options of the vendors, for --platform (docs/sandbox.md says what they mean):
"""


class Parser(argparse.ArgumentParser):
    """Refuses in one line; the usage is behind --help."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"sandbox: error: {message}; --help tells more\n")
        sys.exit(2)


def parser() -> Parser:
    asked = Parser(
        prog="python -m sandbox",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + "\n".join(_vendor(name) for name in vendors() + real_vendors()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    firm = asked.add_argument_group("the firm")
    firm.add_argument(
        "--accounts",
        type=_count,
        default=200,
        metavar="N",
        help="how many clients the firm has (default: 200; 20000 need a minute or so and 2 GB of memory)",
    )
    firm.add_argument(
        "--seed",
        type=_whole,
        default=7,
        metavar="N",
        help="the same seed gives the same firm, to the cent (default: 7)",
    )
    firm.add_argument(
        "--as-of",
        type=_day,
        metavar="DATE",
        help="the day on whose morning the firm stands as generated, such as 2026-11-20 (default: today)",
    )
    platforms = asked.add_argument_group("the platforms")
    platforms.add_argument(
        "--only", metavar="VENDOR,...", help=f"one platform of each of these (default: {','.join(vendors())})"
    )
    platforms.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="NAME=VENDOR[:OPTION=VALUE,...]",
        help="this platform too, or instead of the one of that name; may be repeated",
    )
    running = asked.add_argument_group("how it runs")
    running.add_argument(
        "--port-base",
        type=_whole,
        default=9400,
        metavar="N",
        help="port of the control API; the platforms take the next ones (default: 9400); 0 takes free ports",
    )
    running.add_argument(
        "--ready-file",
        type=Path,
        metavar="PATH",
        help="write addresses and credentials here, as JSON, once everything answers",
    )
    running.add_argument(
        "--stop-on-eof", action="store_true", help="stop when standard input ends, as when a parent process dies"
    )
    return asked


def _vendor(name: str) -> str:
    own = "" if name in vendors() else " (the real one, installed at its first start)"
    return f"  {name}{own}: {', '.join(offered_options(name))}"


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, not {text!r}") from None


def _count(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"a firm needs at least one account, not {number}")
    return number


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day such as 2026-11-20, not {text!r}") from None
