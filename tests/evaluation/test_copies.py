"""Copy synthesis: a model's output for clips, next to its input."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan import bundle
from wavegan.audio import io
from wavegan.data.scan import scan
from wavegan.errors import UserError
from wavegan.evaluation.compare import compare
from wavegan.evaluation.copies import copy_synthesis
from wavegan.inference.revocode import revocode
from wavegan.inference.vocoder import Vocoder

CPU = torch.device("cpu")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    for name, rate in (("a", 16000), ("sub/b", 22050), ("c", 16000), ("d", 16000)):
        tones = np.sin(np.outer([0.05, 0.13], np.arange(4000))).sum(0)
        soundfile.write(folder / f"{name}.flac", 0.2 * tones, rate)
    (folder / "broken.wav").write_bytes(b"RIFF")
    return folder


def test_copies_and_references_are_as_the_model_gets_them(
    data: Path, tmp_path: Path, save_tiny: Callable[..., Path]
) -> None:
    (tmp_path / "m").mkdir()
    model = save_tiny(tmp_path / "m")
    seen: list[tuple[str, int, int]] = []
    copies = copy_synthesis(
        {"m": model},
        scan(data),
        tmp_path / "out",
        device=CPU,
        progress=lambda *each: seen.append(each),
    )["m"]
    assert copies.system.reference == tmp_path / "out" / "reference"
    out = tmp_path / "out"
    assert sorted(file.relative_to(out).as_posix() for file in out.rglob("*.wav")) == [
        f"{side}/{name}.wav" for side in ("m", "reference") for name in ("a", "c", "d", "sub/b")
    ]
    heard, rate = io.read(out / "reference" / "a.wav")
    assert rate == 16000
    assert abs(heard).max() == pytest.approx(0.95, abs=1e-4)
    again = revocode(Vocoder.from_pretrained(model), torch.from_numpy(heard[0]))
    wave, _ = io.read(out / "m" / "a.wav")
    assert wave[0] == pytest.approx(again.numpy(), abs=1e-5)
    assert [entry.file for entry in copies.system.left_out] == ["broken.wav"]
    assert seen[-1] == ("m", 4, 4)


def test_models_of_one_level_share_references_and_others_have_their_own(
    data: Path, tmp_path: Path, save_tiny: Callable[..., Path], tiny: bundle.Config
) -> None:
    for name in ("m", "n", "quiet"):
        (tmp_path / name).mkdir()
        save_tiny(tmp_path / name)
    quiet = replace(tiny, peak=None)
    bundle.save(tmp_path / "quiet", quiet, bundle.build(quiet).state_dict())
    models = {name: tmp_path / name for name in ("m", "n", "quiet")}
    copies = copy_synthesis(models, scan(data), tmp_path / "out", device=CPU, count=2)
    folders = [str(each.system.reference).rpartition("/")[2] for each in copies.values()]
    assert folders == ["reference", "reference", "reference-16000-as-recorded"]
    systems = {name: each.system for name, each in copies.items()}
    found = compare(data, systems, metrics=["mrstft"], floors=False)
    assert [len(row.files) for row in found.systems] == [2, 2, 2]
    assert found.settings["systems"]["quiet"]["peak"] is None
    assert found.settings["systems"]["m"]["model"] == str(tmp_path / "m")
    assert len(found.baselines[0].files) == 2


def test_a_model_that_makes_no_numbers_is_an_error(
    data: Path, tmp_path: Path, save_tiny: Callable[..., Path], tiny: bundle.Config
) -> None:
    (tmp_path / "m").mkdir()
    weights = bundle.build(tiny).state_dict()
    key = next(key for key in weights if key.endswith("bias"))
    save_tiny(tmp_path / "m", **{key: torch.full_like(weights[key], float("nan"))})
    with pytest.raises(UserError, match="m: no clip could be vocoded: the model made NaN"):
        copy_synthesis({"m": tmp_path / "m"}, scan(data), tmp_path / "out", device=CPU)
