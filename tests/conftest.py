"""Fixtures for all tests."""

import getpass
import importlib.util
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wavegan import bundle
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel

REPO = Path(__file__).resolve().parents[1]
# two processes that compile the same functions at once can leave files that crash later ones
os.environ.setdefault(
    "NUMBA_CACHE_DIR",
    str(
        Path(tempfile.gettempdir())
        / f"wavegan-tests-{getpass.getuser()}"
        / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    ),
)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with golden checkpoints and real data (`WAVEGAN_SHARED`, default ../shared)."""
    folder = Path(os.environ.get("WAVEGAN_SHARED", REPO.parent / "shared")).resolve()
    if not folder.is_dir():
        pytest.skip(
            f"{folder} is not there: set WAVEGAN_SHARED to the folder with golden/ and data/"
        )
    return folder


@pytest.fixture(scope="session")
def golden(shared: Path) -> Callable[[str], tuple[Path, dict[str, Tensor]]]:
    """Opens a golden folder by its name: where it is, and what the original made, by name."""

    def opened(name: str) -> tuple[Path, dict[str, Tensor]]:
        folder = shared / "golden" / name
        with np.load(folder / "expected.npz") as expected:
            return folder, {key: torch.from_numpy(value) for key, value in expected.items()}

    return opened


@pytest.fixture(autouse=True)
def not_by_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is chosen by timing: precision "auto" is float32, and weights are packed."""
    monkeypatch.setattr("wavegan.inference.half.FASTER", math.inf)
    monkeypatch.setattr("wavegan.inference.engine.engine.HINDRANCE", math.inf)


@pytest.fixture(scope="session")
def speech() -> Path:
    """The folder of real speech that comes with the repository."""
    return REPO / "examples" / "speech"


@pytest.fixture(scope="session")
def silences() -> Callable[..., dict[str, Tensor]]:
    """All kinds of silence of a shape `(..., T)`, by name: zeros, denormals, almost nothing."""

    def made(*shape: int) -> dict[str, Tensor]:
        zeros = torch.zeros(shape)
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        one = zeros.clone()
        one[..., shape[-1] // 2] = 1e-40
        return {
            "zeros": zeros,
            "denormal": zeros + 1e-40,
            "denormal noise": noise * 1e-40,
            "one denormal sample": one,
            "the least normal number": one / 1e-40 * 1.2e-38,
            "tiny offset": zeros + 1e-9,
            "tiny noise": noise * 1e-20,
            "inaudible noise": noise * 1e-8,
        }

    return made


@pytest.fixture(scope="session")
def script() -> Callable[[str], ModuleType]:
    """Imports a script of `benchmarks/` by its name."""

    def imported(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, REPO / "benchmarks" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        # benchmarks import each other, and dataclasses look their module up
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    return imported


@pytest.fixture(scope="session")
def small() -> str:
    """A recipe that trains in seconds."""
    return str(REPO / "tests" / "small.yaml")


@pytest.fixture(scope="session")
def tiny() -> bundle.Config:
    """A fast HiFi-GAN: 8 bands at 16 kHz, 16 samples per frame."""
    return bundle.Config(
        mel=Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None),
        generator={
            "name": "hifigan",
            "upsample_rates": [4, 4],
            "upsample_kernel_sizes": [8, 8],
            "upsample_initial_channel": 8,
            "resblock": "2",
            "resblock_kernel_sizes": [3],
            "resblock_dilation_sizes": [[1]],
        },
        peak=0.95,
    )


@pytest.fixture(scope="session")
def save_tiny(tiny: bundle.Config) -> Callable[..., Path]:
    """Writes `tiny` with fresh weights, some of them changed, into a folder."""

    def saved(folder: Path, **changed: Tensor) -> Path:
        torch.manual_seed(0)
        bundle.save(folder, tiny, {**bundle.build(tiny).state_dict(), **changed})
        return folder

    return saved


@pytest.fixture(scope="session")
def refused() -> Callable[[Callable[..., object], Mapping[str, Any], str], None]:
    """Asserts that a class refuses options, in one line that matches a pattern."""

    def check(cls: Callable[..., object], options: Mapping[str, Any], pattern: str) -> None:
        with torch.device("meta"), pytest.raises(UserError, match=pattern) as refusal:
            cls(**options)
        assert "\n" not in str(refusal.value)

    return check


@pytest.fixture(scope="session")
def weights_by_name() -> Callable[..., dict[str, Tensor]]:
    """Weights for a network by a formula of the names that torch's old weight norm gives them.

    Those that end in one of `positive` are positive.
    """
    norm = {"original0": "weight_g", "original1": "weight_v"}

    def made(net: nn.Module, positive: tuple[str, ...] = ("weight_g",)) -> dict[str, Tensor]:
        weights = {}
        for key, value in net.state_dict().items():
            module, _, part = key.partition("parametrizations.weight.")
            name = f"{module}{norm[part]}" if part else key
            wave = np.sin(0.7 * np.arange(value.numel()) + sum(map(ord, name)) % 97)
            filled = 0.7 + 0.5 * wave if name.endswith(positive) else 0.3 * wave
            weights[name] = torch.tensor(filled, dtype=torch.float32).reshape(value.shape)
        return weights

    return made


@pytest.fixture(scope="session")
def weights_in_order() -> Callable[[Mapping[str, tuple[int, ...]]], dict[str, Tensor]]:
    """Weights for names and shapes by a formula of their places among the sorted names."""

    def made(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
        weights = {}
        for number, key in enumerate(sorted(shapes)):
            shape = shapes[key]
            place = torch.arange(math.prod(shape), dtype=torch.float64)
            values = torch.sin(place * place * 0.37 + number).reshape(shape)
            size = math.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.3
            weights[key] = (values * size).float()
        return weights

    return made


@pytest.fixture(scope="session")
def transformers() -> ModuleType:
    """The real transformers, where it is installed, as a user of this environment meets it."""
    module: ModuleType = pytest.importorskip("transformers")
    return module


QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium's switches: no network of its own, and it may run as root."""


@pytest.fixture(scope="session")
def when() -> Callable[..., Any]:
    """Waits in a page until a condition holds; gives the value of an expression at that moment.

    It is checked before each frame, inside the page: however busy the machine is, nothing in the
    page happens between the condition and the value. A minute without it is a failure.
    """

    def waited(page: Any, condition: str, value: str = "null") -> Any:
        found = page.evaluate(
            f"""async () => {{
              const end = performance.now() + 60000;
              while (!({condition})) {{
                if (performance.now() > end) return null;
                await new Promise(requestAnimationFrame);
              }}
              return [{value}];
            }}"""
        )
        assert found is not None, f"never: {condition}"
        return found[0]

    return waited


CUT = """() => {
  const cut = [];
  const wide = document.documentElement.clientWidth;
  const inside = (box, room) => box.left >= room.left - 0.5 && box.right <= room.right + 0.5
    && box.top >= room.top - 0.5 && box.bottom <= room.bottom + 0.5;
  for (const text of document.querySelectorAll('svg text')) {
    const box = text.getBoundingClientRect();
    if (box.width && !inside(box, text.ownerSVGElement.getBoundingClientRect())) {
      cut.push(`label ${text.textContent}`);
    }
  }
  const scrolls = (one) => one && (['auto', 'scroll'].includes(getComputedStyle(one).overflowX)
    || scrolls(one.parentElement));
  for (const one of document.body.querySelectorAll('*')) {
    const box = one.getBoundingClientRect();
    if (box.width && (box.right > wide + 0.5 || box.left < -0.5) && !scrolls(one.parentElement)) {
      cut.push(`${one.tagName} ${one.className} from ${box.left} to ${box.right} of ${wide}`);
    }
    const style = getComputedStyle(one);
    const hides = style.overflowX === 'hidden' || style.overflowX === 'clip';
    if (hides && one.scrollWidth > one.clientWidth + 1 && one.textContent.trim() && box.width > 2) {
      cut.push(`${one.tagName} ${one.className} hides what is in it`);
    }
  }
  if (document.documentElement.scrollWidth > wide) cut.push('the page is wider than the window');
  return cut;
}"""
"""What of a page is cut off, or sticks out of the window without a box to scroll in."""


@pytest.fixture(scope="session")
def whole() -> Callable[[Any], None]:
    """Asserts that nothing of a page is cut off at its sides, unfolded as it is."""

    def check(page: Any) -> None:
        assert page.evaluate(CUT) == []

    return check


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium, driven by Playwright (`playwright.sync_api.Browser`)."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("there is no chromium on the PATH: install it to test pages")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()
