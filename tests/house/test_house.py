"""The house rules that no other tool checks: folders, names, sizes."""

import ast
import re
import subprocess
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("gateway", "resolvers", "sync", "platforms", "schema", "runtime")
FOLDERS = (*PRODUCT, "sandbox")
VENDORS = ("salesforce", "kantata", "netsuite", "tryton")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def imported(path: Path) -> set[str]:
    """The top-level names of what a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_installed_distribution_owns_one_of_our_top_level_names(folder: str) -> None:
    """PyPI has a package `schema`, for one: installed beside ours, either could be imported."""
    owners = set(packages_distributions().get(folder, [])) - {"crosswalk"}
    assert not owners, f"{sorted(owners)} also bring a top-level package called {folder}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_importing_one_of_our_names_finds_our_folder(folder: str) -> None:
    spec = find_spec(folder)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / folder / "__init__.py"


def test_runtime_holds_no_business_word() -> None:
    words = re.compile(r"account|project|contract|invoice", re.IGNORECASE)
    found = [
        f"{shown(path)}: {match.group()}"
        for path in python_files("runtime")
        for match in words.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_the_gateway_holds_no_vendor_and_no_http_client() -> None:
    """The demo's choice of platforms is the command line's own business."""
    vendors = re.compile("|".join(VENDORS), re.IGNORECASE)
    forbidden = {"httpx", "httpx2", "aiohttp", "requests", "dramatiq"}
    found = [shown(path) for path in python_files("gateway") if imported(path) & forbidden]
    found += [
        shown(path)
        for path in python_files("gateway")
        if "cli" not in path.parts and vendors.search(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_the_schema_holds_no_vendor_and_does_no_input_or_output() -> None:
    vendors = re.compile("|".join(VENDORS), re.IGNORECASE)
    forbidden = {"socket", "ssl", "http", "urllib", "aiohttp", "httpx", "httpx2", "redis", "aiodataloader", "starlette"}
    found = [shown(path) for path in python_files("schema") if imported(path) & forbidden]
    found += [
        f"{shown(path)}, line {node.lineno}"
        for path in python_files("schema")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Name, ast.Attribute))
        and vendors.search(node.id if isinstance(node, ast.Name) else node.attr)
    ]
    assert not found


def test_resolvers_know_no_vendor() -> None:
    """Comments may give an example; code may not tell vendors apart."""
    names = [
        f"{shown(path)}, line {node.lineno}: {node.value}"
        for path in python_files("resolvers")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in VENDORS
    ]
    assert not names


def test_files_are_short() -> None:
    """95 % of the product's files have fewer than 300 lines, and none more than 500."""
    lengths = {shown(path): length(path) for path in python_files(*FOLDERS)}
    over = {path: lines for path, lines in lengths.items() if lines > 500}
    assert not over
    long = {path: lines for path, lines in lengths.items() if lines >= 300}
    assert len(long) <= 0.05 * len(lengths), long


def test_functions_are_short() -> None:
    """95 % of them have at most 30 lines, and none more than 70."""
    lengths = {
        f"{shown(path)} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in python_files(*FOLDERS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: lines for name, lines in lengths.items() if lines > 70}
    long = {name: lines for name, lines in lengths.items() if lines > 30}
    assert len(long) <= 0.05 * len(lengths), long


def test_what_the_product_remembers_of_calls_is_bounded() -> None:
    """A `functools.cache` keeps every argument that it was ever given."""
    endless = re.compile(r"^\s*@(functools\.)?cache\b|maxsize=None", re.MULTILINE)
    assert not [shown(path) for path in python_files(*PRODUCT) if endless.search(path.read_text(encoding="utf-8"))]


def test_every_file_says_what_it_is_in_a_sentence() -> None:
    silent = [
        shown(path)
        for path in python_files(*FOLDERS)
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert not silent


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {
        "helpers",
        "helper",
        "utils",
        "util",
        "manager",
        "managers",
        "handler",
        "handlers",
        "common",
        "data",
        "misc",
    }
    found = [shown(path) for path in python_files(*FOLDERS) if empty & set(path.stem.split("_"))]
    found += [shown(path.parent) for path in python_files(*FOLDERS) if empty & set(path.parent.name.split("_"))]
    assert not found


def test_every_link_in_the_documents_leads_somewhere() -> None:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
    pages = [page for page in found if "node_modules" not in page.parts]
    link = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
    broken = []
    for page in pages:
        for target in link.findall(page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            there = (page.parent / file).resolve() if file else page
            if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
                broken.append(f"{shown(page)}: {target}")
    assert not broken


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_project_stands_alone() -> None:
    """Nothing reads a folder outside the repository."""
    found = [
        shown(path)
        for path in [*python_files(*FOLDERS, "tests", "benchmarks"), ROOT / "run", ROOT / ".ci/run"]
        if "../" + "shared" in path.read_text(encoding="utf-8")
    ]
    assert not found


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_the_scripts_are_plain_shell_that_parses(script: str) -> None:
    path = ROOT / script
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert path.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0
