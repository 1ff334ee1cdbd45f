"""Makes Tryton's databases in two cached steps: a template with the modules, and copies of it seeded with a firm."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from os import environ
from pathlib import Path

from sandbox.tryton.inside.seeding.ledger import Ledger
from sandbox.tryton.install import REQUIREMENTS, Progress, TrytonUnavailable, digest, last_words, one_at_a_time, run

NAME = "crosswalk"  # of the database, and so the first part of every path of its API
LOGIN, PASSWORD = "gateway", "gateway-pass-1"
ADMIN_PASSWORD = "admin-pass-1"  # noqa: S105 - as above
MODULES = (
    "ir", "res", "party", "company", "country", "currency", "account", "account_product", "account_invoice",
    "account_credit_limit", "analytic_account", "analytic_invoice",
)  # fmt: skip
KEPT = 8  # seeded databases: one a day and firm, each some megabytes

_INSIDE = Path(__file__).with_name("inside")


@dataclass(frozen=True, slots=True)
class Seeded:
    """A pristine database, and what Tryton calls the firm's records: type -> key -> id."""

    database: Path
    known_as: Mapping[str, Mapping[str, int]]


def seeded(cache: Path, python: Path, ledger: Ledger, progress: Progress) -> Seeded:
    """The database that holds `ledger`; a copy already made from the same ledger by the same code is used again."""
    template = _template(cache, python, progress)
    source = [file.read_bytes() for file in sorted((_INSIDE / "seeding").glob("*.py"))]
    told = ledger.to_json()
    name = f"seeded-{digest(template.name.encode(), told.encode(), *source)}"
    database, known_as = cache / f"{name}.sqlite", cache / f"{name}.json"
    with one_at_a_time(database):
        if not database.exists():
            progress(f"seeding Tryton with {len(ledger.customers)} customers and {len(ledger.invoices)} invoices, once")
            making = cache / f"{name}.making"
            try:
                _seed(making, python, template, told, progress)
                (making / "known_as.json").replace(known_as)
                (making / f"{NAME}.sqlite").replace(database)
            finally:
                shutil.rmtree(making, ignore_errors=True)
        database.touch()  # what is in use is the last to be thrown away
    _throw_away_old(cache)
    return Seeded(database, json.loads(known_as.read_text(encoding="utf-8")))


def _template(cache: Path, python: Path, progress: Progress) -> Path:
    database = cache / f"template-{digest(REQUIREMENTS.read_bytes(), ' '.join(MODULES).encode())}.sqlite"
    with one_at_a_time(database):
        if database.exists():
            return database
        progress("creating Tryton's database, once (about half a minute)")
        folder = _fresh(cache / f"{database.stem}.making")
        (folder / f"{NAME}.sqlite").touch()
        (folder / "password").write_text(ADMIN_PASSWORD, encoding="utf-8")
        configuration = write_configuration(folder, port=0)
        admin = [str(python.with_name("trytond-admin")), "-c", str(configuration), "-d", NAME, "-u", *MODULES]
        run(
            [*admin, "--activate-dependencies", "--email", "admin@firm.example"],
            log=cache / "template.log",
            what="creating Tryton's database",
            environment={**environ, "TRYTONPASSFILE": str(folder / "password")},
        )
        (folder / f"{NAME}.sqlite").replace(database)
        shutil.rmtree(folder)
        return database


def _seed(folder: Path, python: Path, template: Path, told: str, progress: Progress) -> None:
    shutil.copyfile(template, _fresh(folder) / f"{NAME}.sqlite")
    (folder / "ledger.json").write_text(told, encoding="utf-8")
    configuration = write_configuration(folder, port=0, queue=True)
    paths = [str(configuration), NAME, str(folder / "ledger.json"), str(folder / "known_as.json")]
    log = folder.with_suffix(".log")
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [str(python), "-m", "seeding", *paths],
            env={**environ, "PYTHONPATH": str(_INSIDE), "SEED_LOGIN": LOGIN, "SEED_PASSWORD": PASSWORD},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                progress(f"seeding Tryton: {line.strip()}")
        finally:
            process.stdout.close()
            if process.poll() is None:
                process.terminate()
            failed = process.wait() != 0
    if failed:
        raise TrytonUnavailable(f"seeding Tryton failed: {last_words(log)} (all of it in {log})")
    log.unlink()


def write_configuration(folder: Path, *, port: int, queue: bool = False) -> Path:
    """Tryton's settings for a database in `folder`.

    `queue` leaves work that Tryton does behind an answer, such as printing each posted invoice, undone.
    """
    configuration = folder / "trytond.conf"
    configuration.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n"
        "[session]\ntimeout = 3600\n"
        "[request]\nrecords_limit = 1000\n"
        f"[cache]\nrecord = 2000\n[queue]\nworker = {queue}\n",
        encoding="utf-8",
    )
    return configuration


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _throw_away_old(cache: Path) -> None:
    databases = sorted(cache.glob("seeded-*.sqlite"), key=lambda path: path.stat().st_mtime, reverse=True)
    for database in databases[KEPT:]:
        database.unlink(missing_ok=True)
        database.with_suffix(".json").unlink(missing_ok=True)
