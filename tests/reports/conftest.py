"""A small run and folders of clips, made by hand without training."""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wavegan import recipe
from wavegan.audio import io

RATE = 16000


class Element:
    """A parsed element: its name, attributes, children and all text below it."""

    def __init__(self, name: str, attributes: dict[str, str], parent: "Element | None") -> None:
        self.name, self.attributes, self.parent = name, attributes, parent
        self.parts: list[Element | str] = []

    def all(self, name: str = "", **wanted: str) -> "list[Element]":
        """Elements below, by name, and by classes or attributes that they have."""
        found = []
        for child in self.children:
            fits = all(
                w in child.attributes.get(k.rstrip("_"), "").split() for k, w in wanted.items()
            )
            if name in ("", child.name) and fits:
                found.append(child)
            found += child.all(name, **wanted)
        return found

    @property
    def text(self) -> str:
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)

    @property
    def children(self) -> "list[Element]":
        return [part for part in self.parts if isinstance(part, Element)]


class Tree(HTMLParser):
    """Parses strictly: each end tag must close what is open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {}, None)
        self.feed(text)
        self.close()
        assert self.here is self.root, f"<{self.here.name}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {key: value or "" for key, value in attrs}, self.here)
        self.here.parts.append(made)
        self.here = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.here.name, f"</{tag}> closes <{self.here.name}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.parts.append(data)


@pytest.fixture(scope="session")
def parsed() -> Callable[[str | Path], Element]:
    """Parses a page, or a file with one."""

    def made(page: str | Path) -> Element:
        return Tree(page.read_text(encoding="utf-8") if isinstance(page, Path) else page).root

    return made


@pytest.fixture(scope="session")
def tone() -> Callable[..., Path]:
    """Writes a tone that fades, as a file."""

    def written(file: Path, hertz: float = 440, seconds: float = 0.5, rate: int = RATE) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        place = np.arange(round(seconds * rate)) / rate
        noise = np.random.default_rng(round(hertz)).standard_normal(len(place))
        wave = 0.4 * np.sin(2 * math.pi * hertz * place) * np.exp(-place) + 0.003 * noise
        io.write(file, wave.astype(np.float32), rate)
        return file

    return written


def train_line(step: int, **changed: float | None) -> dict[str, Any]:
    """A line such as the trainer writes."""
    values = {
        "generator/total": 40 / (1 + step / 50),
        "generator/mel": 0.8 / (1 + step / 50),
        "generator/grad_norm": 3.0 + step % 7,
        "discriminator/total": 1.5,
        "discriminator/grad_norm": 0.7,
        "discriminator/accuracy_real": 0.6,
        "discriminator/accuracy_fake": 0.7,
        "rate/generator": 2e-4 * 0.999**step,
        "speed/steps": 2.0,
        "speed/audio": 20.0,
        "speed/wait": 0.01,
    }
    return {"kind": "train", "step": step, **values, **changed}


START = {
    "kind": "start",
    "step": 0,
    "time": "2026-01-02T03:04:05+00:00",
    "machine": {"processor": "Abacus 3", "cores": 2, "memory_gib": 7.5},
    "versions": {"python": "3.11.9", "torch": "2.13.0"},
    "processes": 1,
    "device": "cpu",
    "precision": None,
    "parameters": {"generator": 1234567, "discriminator": 2345},
    "data": {"clips": 18, "seconds": 7200.0, "held_out": 3, "fingerprint": "abcdef0123456789"},
}


@pytest.fixture(scope="session")
def make_run(small: str, tone: Callable[..., Path]) -> Callable[..., Path]:
    """Writes a vocoder's run: steps 20 and 40 of lines, previews and checkpoints; 40 is best."""

    def made(
        folder: Path,
        lines: Iterable[Mapping[str, Any]] | None = None,
        names: Iterable[str] = ("00_one", "01_two"),
        start: bool = True,
    ) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        text = recipe.dump(recipe.load(small, ["data.folder=voices", "training.steps=60"]))
        (folder / "recipe.yaml").write_text(text, encoding="utf-8")
        usual: list[Mapping[str, Any]] = [START] if start else []
        for step in range(5, 45, 5):
            usual.append(train_line(step))
            if step % 20 == 0:
                values = {"log_mel_l1": 6 / step, "mrstft": 1.5}
                usual.append({"kind": "validation", "step": step, **values})
        written = "".join(json.dumps(line) + "\n" for line in (usual if lines is None else lines))
        (folder / "metrics.jsonl").write_text(written, encoding="utf-8")
        for step in (20, 40):
            samples = folder / "samples" / f"{step:08d}"
            for number, name in enumerate(names):
                tone(samples / f"{name}_original.wav", 440 + 100 * number)
                tone(samples / f"{name}_generated.wav", 440 + 100 * number + 40 - step)
            checkpoint = folder / "checkpoints" / f"{step:08d}"
            checkpoint.mkdir(parents=True, exist_ok=True)
            (checkpoint / "config.json").write_text("{}", encoding="utf-8")
        best = json.dumps({"step": 40, "log_mel_l1": 0.15})
        (folder / "checkpoints" / "best.json").write_text(best, encoding="utf-8")
        return folder

    return made


@pytest.fixture(scope="session")
def line() -> Callable[..., dict[str, Any]]:
    """A training line of a step, some of its values changed."""
    return train_line
