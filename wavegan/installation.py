"""Check that the packages of this environment work together, by importing them."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from typing import Literal

NEIGHBOURS = ("torchaudio", "torchvision", "transformers")
"""Packages that break if they were built for another torch, or depend on one of these."""
NEEDLESS = ("torchaudio", "torchvision")
DEEP = {"transformers": "from transformers import SpeechT5HifiGan"}
"""Import statements for packages that load lazily."""
PROBE = """
import json, sys, warnings
warnings.simplefilter("ignore")
for name, line in json.load(sys.stdin):
    print(json.dumps([name, None]), flush=True)
    try:
        exec(line, {})
        found = ""
    except BaseException as error:
        found = " ".join(f"{type(error).__name__}: {error}".split())
    print("\\n" + json.dumps([name, found]), flush=True)
"""

State = Literal["works", "broken", "missing"]


@dataclass(frozen=True)
class Package:
    """A package of this environment.

    Attributes:
        name: its name on PyPI.
        extras: wavegan's extras that install it; "" is the plain install.
        version: the installed version, or None.
        state: `missing`: not installed; `broken`: its import fails.
        reason: why it does not load, on one line, or "".
    """

    name: str
    extras: tuple[str, ...]
    version: str | None
    state: State
    reason: str = ""

    @property
    def remedy(self) -> str:
        """What to do if the package does not load, or ""."""
        if self.state != "broken":
            return ""
        for needless in NEEDLESS:
            if needless in f"{self.name} {self.reason}":
                return f"wavegan works without {needless}: pip uninstall {needless}"
        return f"install it again: pip install --force-reinstall {self.name}"

    def to_dict(self) -> dict[str, object]:
        """A dict for JSON."""
        return asdict(self) | {"remedy": self.remedy}


def packages() -> list[Package]:
    """Import every package that wavegan or one of its extras needs, in separate processes."""
    wanted = _wanted()
    installed = {name: found for name in wanted if (found := _version(name)) is not None}
    modules = _modules(list(installed))
    reasons = dict(_imported([(name, _statement(name, modules)) for name in installed]))
    return [
        Package(name, extras, installed.get(name), _state(reasons.get(name)), reasons.get(name, ""))
        for name, extras in wanted.items()
    ]


def _state(reason: str | None) -> State:
    if reason is None:
        return "missing"
    return "broken" if reason else "works"


def _wanted() -> dict[str, tuple[str, ...]]:
    """Package names and the extras that install each, without the extras `all` and `dev`."""
    wanted: dict[str, list[str]] = {}
    for line in requires("wavegan") or ():
        text, _, condition = line.partition(";")
        match = re.match(r"[\w.-]+", text.strip())
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", condition)
        names = wanted.setdefault(match[0].lower() if match else "", [])
        names.append(extra[1] if extra else "")
    for name in NEIGHBOURS:
        wanted.setdefault(name, [])
    ignored = {"all", "dev"}
    return {
        name: tuple(dict.fromkeys(extra for extra in extras if extra not in ignored))
        for name, extras in sorted(wanted.items())
        if name and name != "wavegan" and (name in NEIGHBOURS or set(extras) - ignored)
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _modules(names: Sequence[str]) -> dict[str, str]:
    """The module to import for each package."""
    found: dict[str, list[str]] = {}
    for module, owners in packages_distributions().items():
        for owner in owners:
            found.setdefault(_plain(owner), []).append(module)
    chosen = {}
    for name in names:
        modules = sorted(m for m in found.get(_plain(name), ()) if not m.startswith("_"))
        same = [m for m in modules if _plain(m) == _plain(name)]
        if same or modules:
            chosen[name] = (same or modules)[0]
    return chosen


def _statement(name: str, modules: dict[str, str]) -> str:
    return DEEP.get(name) or f"import {modules.get(name) or _plain(name)}"


def _imported(todo: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each package with the reason why it does not load, or ""."""
    while todo:
        run = subprocess.run(
            [sys.executable, "-c", PROBE],
            input=json.dumps(todo),
            capture_output=True,
            text=True,
            check=False,
        )
        found = dict(_read(run.stdout))
        yield from ((name, reason) for name, reason in found.items() if reason is not None)
        guilty = [name for name, reason in found.items() if reason is None]
        if not guilty and len(found) < len(todo):
            # not even the first import was reached: a retry would end the same way
            reason = f"Python ended with code {run.returncode}"
            yield from ((name, reason) for name, _ in todo if name not in found)
            return
        yield from ((name, f"it ends Python (code {run.returncode})") for name in guilty)
        todo = [(name, line) for name, line in todo if name not in found]


def _read(output: str) -> Iterator[tuple[str, str | None]]:
    """The probe's lines; other lines were printed by packages during import."""
    for line in output.splitlines():
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, list) and len(content) == 2:
            yield content[0], content[1]
