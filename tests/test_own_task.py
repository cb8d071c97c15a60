"""A task of the user's own, in a file of their own: denoising by a mask.

It trains, validates, resumes and opens without a word in the package that knows of it.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor, nn

import wavegan
from wavegan import RunError, UserError, bundle, recipe
from wavegan.cli.console import Silent
from wavegan.conditions import NO_CONDITION, Conditions
from wavegan.data.segments import Item
from wavegan.generators.base import WaveformGenerator
from wavegan.inference.opening import network
from wavegan.inference.placement import Placed
from wavegan.interrupt import Interrupt
from wavegan.tasks.base import Generated, Task
from wavegan.training import setup
from wavegan.training.plan import describe

N_FFT, HOP = 256, 64


class Mask(WaveformGenerator):
    """Multiplies each bin of a spectrogram with a gain in [0, 1] that a convolution finds.

    Args:
        channels: of the audio.
        dim: width of the convolutions.
    """

    def __init__(self, channels: int = 1, dim: int = 16) -> None:
        super().__init__()
        bins = N_FFT // 2 + 1
        layers = (nn.Conv1d(bins, dim, 3, padding=1), nn.ReLU(), nn.Conv1d(dim, bins, 1))
        self.gains = nn.Sequential(*layers, nn.Sigmoid())
        self.register_buffer("window", torch.hann_window(N_FFT))

    def forward(self, audio: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        flat = audio.reshape(-1, audio.shape[-1])
        spec = torch.stft(flat, N_FFT, HOP, window=self.window, return_complex=True)
        kept = spec * self.gains(torch.log(spec.abs() + 1e-4))
        wave = torch.istft(kept, N_FFT, HOP, window=self.window, length=audio.shape[-1])
        return wave.reshape(audio.shape)


def add_noise(item: Item) -> Conditions:
    """The crop with noise, which depends on the sample's number alone."""
    drawn = torch.Generator().manual_seed(item.number)
    return {"noisy": item.audio + 0.1 * torch.randn(item.audio.shape, generator=drawn)}


class Denoise(Task):
    """The generator takes noise out of recordings."""

    generator_base = WaveformGenerator
    conditions = frozenset({"noisy"})
    opened_by = f"{__name__}:Denoiser"

    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        """Compare what is left of the noisy recording with the clean one."""
        clean = generator(conditions["noisy"])
        return Generated(fake=clean, real=audio, estimate=clean, reference=audio)

    def conditioner(self) -> Callable[[Item], Conditions]:
        """Noise is added where clips are read."""
        return add_noise


class Denoiser(Placed[WaveformGenerator]):
    """What opens such a model."""

    @classmethod
    def from_pretrained(
        cls, path: str | Path, device: str | torch.device = "cpu", *, trust_code: bool = False
    ) -> "Denoiser":
        """Open a run, a checkpoint or a bundle."""
        _, generator = network(path, WaveformGenerator, trust_code=trust_code)
        return cls(generator).to(device)

    def __call__(self, audio: Tensor) -> Tensor:
        """Denoise `(B, C, T)`."""
        with torch.no_grad():
            return self.generator(audio.to(self.device))


RECIPE = {
    "task": {"name": f"{__name__}:Denoise"},
    "audio": {"sample_rate": 16000},
    "generator": {"name": f"{__name__}:Mask", "dim": 12},
    "losses": {"stft": {"name": "stft"}},
    "discriminators": {"mpd": {"name": "mpd", "periods": [2], "layer_channels": [4, 8]}},
    "feature_matching": {"weight": 2},
    "data": {"segment": 4096, "validation": 2, "validation_seconds": 0.5, "workers": 1},
    "training": {
        "steps": 6,
        "batch_size": 4,
        "optimizer": {"lr": 0.003},
        "log_every": 1,
        "validate_every": 3,
        "checkpoint_every": 3,
        "previews": 1,
        "trackers": [],
    },
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("own") / "denoise.yaml"
    written.write_text(yaml.safe_dump(RECIPE))
    return written


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, file: Path, speech: Path) -> Path:
    made = tmp_path_factory.mktemp("own") / "run"
    train(made, file, speech)
    return made


def train(run: Path, file: Path, speech: Path, *words: str, resume: bool = False) -> None:
    loaded = recipe.load(str(file), [f"data.folder={speech}", *words])
    listener, options = Silent(), {"device": "cpu", "trust_code": True, "resume": resume}
    setup.prepare(loaded, run, listener=listener, **options).train(Interrupt())


def lines(run: Path, kind: str) -> list[dict]:
    read = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    kept = [line for line in read if line["kind"] == kind]
    return [{k: v for k, v in one.items() if not k.startswith("speed/")} for one in kept]


def test_it_trains_and_validates(run: Path) -> None:
    trained = lines(run, "train")
    assert [line["step"] for line in trained] == [1, 2, 3, 4, 5, 6]
    assert {"generator/stft", "generator/adversarial", "discriminator/total"} <= trained[0].keys()
    figures = [line["log_mel_l1"] for line in lines(run, "validation")]
    assert len(figures) == 2
    assert figures[1] < figures[0]
    names = sorted(file.name for file in (run / "samples" / "00000006").iterdir())
    assert [name.rpartition("_")[2] for name in names] == ["generated.wav", "original.wav"]


def test_it_resumes_bit_for_bit(tmp_path: Path, run: Path, file: Path, speech: Path) -> None:
    train(tmp_path, file, speech, "training.steps=3")
    train(tmp_path, file, speech, resume=True)
    for kind in ("train", "validation"):
        assert lines(tmp_path, kind)[-1] == lines(run, kind)[-1]
    weights = [folder / "checkpoints" / "00000006" / bundle.WEIGHTS for folder in (tmp_path, run)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_it_is_opened_by_its_own_class(run: Path) -> None:
    opened = wavegan.load(run, trust_code=True)
    assert type(opened).__name__ == "Denoiser"
    wave = torch.randn(1, 1, 5000, generator=torch.Generator().manual_seed(0)) / 10
    assert opened(wave).shape == wave.shape
    assert opened(wave).abs().mean() < wave.abs().mean()


def test_nobody_opens_it_unasked_or_as_something_else(run: Path) -> None:
    with pytest.raises(UserError, match="--trust-code"):
        wavegan.load(run)
    with pytest.raises(UserError, match=r"Denoise.*MelGenerator.*Denoiser"):
        wavegan.Vocoder.from_pretrained(run, trust_code=True)


def test_its_bundle_has_no_mel_and_says_how_to_open_it(run: Path) -> None:
    folder = bundle.locate(run)
    content = json.loads((folder / bundle.CONFIG).read_text())
    assert content["mel"] is None
    assert content["audio"] == {"sample_rate": 16000, "channels": 1}
    assert "wavegan.load" in (folder / "README.md").read_text()


def test_a_generator_of_another_kind_is_refused(file: Path, speech: Path) -> None:
    words = [f"data.folder={speech}", "generator={name: wavegan}"]
    with pytest.raises(UserError, match=r"generator\.name is wavegan.*WaveformGenerator"):
        describe(recipe.load(str(file), words), trust_code=True)


def test_labels_that_it_makes_nothing_of_are_refused(file: Path, speech: Path) -> None:
    words = [f"data.folder={speech}", "data.labels=folders"]
    with pytest.raises(UserError, match=r"data\.labels.*Denoise"):
        describe(recipe.load(str(file), words), trust_code=True)


def test_clips_with_different_conditions_make_no_batch() -> None:
    from wavegan.data.batch import collate

    audio = torch.zeros(1, 8)
    items = [Item(audio, 0, "a.wav", {"noisy": audio}), Item(audio, 1, "b.wav")]
    with pytest.raises(RunError, match=r"b\.wav.*a\.wav.*noisy"):
        collate(items)
