"""The mel front-end: the projects' own numbers, the published formulas, gradients, refusals."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray

from wavegan.audio.mel import Mel, MelSpectrogram, mel_filterbank
from wavegan.audio.mel_presets import PRESETS
from wavegan.errors import UserError

Array = NDArray[np.float64]


# --- What the projects' own code computed -------------------------------------------------------


def _of_hifigan(folder: Path) -> Mel:
    c = json.loads((folder / "config.json").read_text())
    return Mel(
        sample_rate=c["sampling_rate"],
        n_fft=c["n_fft"],
        hop_length=c["hop_size"],
        win_length=c["win_size"],
        n_mels=c["num_mels"],
        f_min=c["fmin"],
        f_max=c["fmax"],
    )


def _of_pwg(folder: Path) -> Mel:
    c = yaml.safe_load((folder / "config.yml").read_text())
    return Mel(
        sample_rate=c["sampling_rate"],
        n_fft=c["fft_size"],
        hop_length=c["hop_size"],
        win_length=c["win_length"] or c["fft_size"],
        n_mels=c["num_mels"],
        f_min=c["fmin"],
        f_max=c["fmax"],
        magnitude_eps=0,
        log="log10",
        floor=1e-10,
        padding="center",
    )


def _of_descript(folder: Path) -> Mel:
    lines = (folder / "args.yml").read_text().splitlines()[1:]
    n_mels = yaml.safe_load("\n".join(lines))["n_mel_channels"]
    return dataclasses.replace(Mel.preset("melgan-22k"), n_mels=n_mels)


def _golden_mel(folder: Path) -> Mel:
    if (folder / "config.json").exists():
        return _of_hifigan(folder)
    return _of_pwg(folder) if (folder / "config.yml").exists() else _of_descript(folder)


GOLDEN = [
    "bigvgan-v1-small", "bigvgan-v2-small", "descript-melgan",
    "jik876-v1-small", "jik876-v2", "jik876-v3",
    "pwg-hifigan", "pwg-mb-melgan", "pwg-melgan", "pwg-parallel-wavegan", "pwg-style-melgan",
]  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_reproduces_the_projects_own_mel(shared: Path, name: str) -> None:
    folder = shared / "golden" / name
    expected = np.load(folder / "expected.npz")
    made = MelSpectrogram(_golden_mel(folder))(torch.from_numpy(expected["source_wave"]))
    assert made.shape == expected["source_mel"].shape
    assert np.abs(made.numpy() - expected["source_mel"]).max() < 1e-4


def test_reproduces_vocos_mel_where_float32_can(shared: Path) -> None:
    """That wave is band-limited at 11 kHz: the bands above hold float32's own rounding.

    There the project's numbers are 0.85 from what float64 gives, so no float32 code can meet
    them but by luck; the linear error shows that it is rounding.
    """
    folder = shared / "golden" / "vocos-small"
    init = yaml.safe_load((folder / "config.yaml").read_text())["feature_extractor"]["init_args"]
    mel = dataclasses.replace(Mel.preset("vocos-24k"), **init)
    expected = np.load(folder / "expected.npz")
    theirs = expected["source_mel"]
    ours = MelSpectrogram(mel)(torch.from_numpy(expected["source_wave"])).numpy()
    assert ours.shape == theirs.shape
    occupied = theirs > -5
    assert occupied.mean() > 0.8
    assert np.abs(ours - theirs)[occupied].max() < 1e-4
    assert np.abs(ours - theirs)[:87].max() < 1e-4
    assert (np.abs(np.exp(ours) - np.exp(theirs)) < 1e-5 + 1e-4 * np.exp(theirs)).all()


def test_every_golden_front_end_is_covered(shared: Path) -> None:
    with_mel = {
        file.parent.name
        for file in (shared / "golden").glob("*/expected.npz")
        if "source_mel" in np.load(file)
    }
    assert with_mel == {*GOLDEN, "vocos-small"}


def test_statistics_normalize_as_the_project_does(shared: Path) -> None:
    folder = shared / "golden" / "pwg-hifigan"
    expected, stats = np.load(folder / "expected.npz"), np.load(folder / "stats.npy")
    mel = dataclasses.replace(_of_pwg(folder), mean=stats[0], scale=stats[1])
    front_end = MelSpectrogram(mel)
    raw = torch.from_numpy(expected["mel"])
    normalized = front_end.normalize(raw)
    assert np.abs(normalized.numpy() - expected["normalized_mel"]).max() < 1e-5
    assert (front_end.denormalize(normalized) - raw).abs().max() < 1e-5
    wave = torch.from_numpy(expected["source_wave"])
    assert torch.equal(front_end(wave), front_end.normalize(front_end.log_mel(wave)))


# --- The presets against the published formulas, written with librosa ---------------------------

LN5, SAME, CENTER = ("ln", 1e-5), "same", "center"
# name: rate, n_fft, hop, win, bands, low, high, HTK without norm, eps, logarithm, framing
PUBLISHED = {
    "hifigan-22k": (22050, 1024, 256, 1024, 80, 0, 8000, False, 1e-9, LN5, SAME),
    "bigvgan-22k": (22050, 1024, 256, 1024, 80, 0, 11025, False, 1e-9, LN5, SAME),
    "bigvgan-24k": (24000, 1024, 256, 1024, 100, 0, 12000, False, 1e-9, LN5, SAME),
    "bigvgan-44k-256x": (44100, 1024, 256, 1024, 128, 0, 22050, False, 1e-9, LN5, SAME),
    "bigvgan-44k-512x": (44100, 2048, 512, 2048, 128, 0, 22050, False, 1e-9, LN5, SAME),
    "melgan-22k": (22050, 1024, 256, 1024, 80, 0, 11025, False, 0, ("log10", 1e-5), SAME),
    "vocos-24k": (24000, 1024, 256, 1024, 100, 0, 12000, True, 0, ("ln", 1e-7), CENTER),
    "f5-vocos-24k": (24000, 1024, 256, 1024, 100, 0, 12000, True, 0, LN5, CENTER),
    "speechbrain-22k": (22050, 1024, 256, 1024, 80, 0, 8000, False, 0, LN5, CENTER),
    "espnet-22k": (22050, 1024, 256, 1024, 80, 80, 7600, False, "max", ("log10", 1e-10), CENTER),
    "espnet-24k": (24000, 2048, 300, 1200, 80, 80, 7600, False, "max", ("log10", 1e-10), CENTER),
    "pwg-22k": (22050, 1024, 256, 1024, 80, 80, 7600, False, 0, ("log10", 1e-10), CENTER),
    "speecht5-16k": (16000, 1024, 256, 1024, 80, 80, 7600, False, 0, ("log10", 1e-10), CENTER),
    "univnet-24k": (24000, 1024, 256, 1024, 100, 0, 12000, False, 1e-9, LN5, SAME),
    "nemo-22k": (22050, 1024, 256, 1024, 80, 0, 8000, False, 0, LN5, "same-zero"),
    "cosyvoice2-24k": (24000, 1920, 480, 1920, 80, 0, 8000, False, 1e-9, LN5, SAME),
    "cosyvoice3-24k": (24000, 1920, 480, 1920, 80, 0, 12000, False, 1e-9, LN5, SAME),
    "gpt-sovits-v3": (24000, 1024, 256, 1024, 100, 0, 12000, False, 1e-9, LN5, SAME),
    "gpt-sovits-v4": (32000, 1280, 320, 1280, 100, 0, 16000, False, 1e-9, LN5, SAME),
    "fish-44k": (44100, 2048, 512, 2048, 128, 0, 22050, False, 1e-6, LN5, SAME),
    "styletts2-24k": (24000, 2048, 300, 1200, 80, 0, 8000, True, 0, LN5, CENTER),
    "coqui-22k": (22050, 1024, 256, 1024, 80, 0, 11025, False, 0, ("db", 1e-8), CENTER),
}


def _signal(rate: int) -> NDArray[np.float32]:
    """1.03 s of chirp and noise after a near-silent head."""
    samples = int(1.03 * rate)
    time = np.arange(samples) / rate
    chirp = 0.5 * np.sin(2 * np.pi * (60 * time + 0.4 * rate / 2 * time**2))
    noise = np.random.default_rng(0).standard_normal(samples)
    loud = np.clip((time - 0.15) * 20, 1e-4, 1)
    return np.asarray((chirp + 0.05 * noise) * loud, np.float32)


def _spectrum(wave: Array, n_fft: int, hop: int, win: int, framing: str) -> Array:
    import librosa
    from scipy.signal import get_window

    if framing == "center":
        return np.asarray(np.abs(librosa.stft(
            wave, n_fft=n_fft, hop_length=hop, win_length=win, center=True, pad_mode="reflect"
        )))  # fmt: skip
    total = n_fft - hop
    mode = "constant" if framing == "same-zero" else "reflect"
    padded = np.pad(wave, (total // 2, total - total // 2), mode=mode)
    window = get_window("hann", win, fftbins=framing != "same-zero")
    return np.asarray(np.abs(librosa.stft(
        padded, n_fft=n_fft, hop_length=hop, win_length=win, window=window, center=False
    )))  # fmt: skip


def _published(name: str, wave: NDArray[np.float32]) -> Array:
    import librosa

    rate, n_fft, hop, win, bands, low, high, htk, eps, (log, floor), framing = PUBLISHED[name]
    size = _spectrum(wave.astype(np.float64), n_fft, hop, win, framing)
    bank = librosa.filters.mel(
        sr=16000 if name == "styletts2-24k" else rate, n_fft=n_fft, n_mels=bands, fmin=low,
        fmax=high, htk=htk, norm=None if htk else "slaney", dtype=np.float64,
    )  # fmt: skip
    if name == "styletts2-24k":
        return np.asarray((np.log(1e-5 + bank @ size**2) + 4) / 4)
    energy = np.maximum(size**2, 1e-10) if eps == "max" else size**2 + float(eps)
    mel = np.maximum(bank @ np.sqrt(energy), floor)
    if name == "univnet-24k":
        return np.asarray(2 * (np.log(mel) + 11.512925148) / (2.314338684 + 11.512925148) - 1)
    if name == "coqui-22k":
        return np.asarray(np.clip(8 * (20 * np.log10(mel) - 20 + 100) / 100 - 4, -4, 4))
    result = np.log(mel) if log == "ln" else np.log10(mel)
    if name == "nemo-22k":
        result[:, -1] = -11.52
    return np.asarray(result)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_preset_equals_the_published_formula(name: str) -> None:
    wave = _signal(PUBLISHED[name][0])
    expected = _published(name, wave)
    made = MelSpectrogram(Mel.preset(name))(torch.from_numpy(wave)).numpy()
    assert made.shape == expected.shape
    assert np.abs(made - expected).max() < 1e-4


def test_every_preset_has_a_formula_and_is_what_its_name_says() -> None:
    assert Mel.preset_names() == sorted(PUBLISHED) == sorted(PRESETS)
    for name, (rate, *_) in PUBLISHED.items():
        assert Mel.preset(name).sample_rate == rate
    assert Mel.preset("gpt-sovits-v4").samples_per_frame == 480
    assert Mel.preset("gpt-sovits-v4").audio_rate == 48000
    assert Mel.preset("espnet-22k").layout == "frames_first"


def test_silence_is_each_front_end_s_floor() -> None:
    silence = torch.zeros(24000)
    for name, floor in (("vocos-24k", -16.118), ("f5-vocos-24k", -11.513), ("pwg-22k", -10.0)):
        assert MelSpectrogram(Mel.preset(name))(silence).unique().item() == pytest.approx(
            floor, abs=1e-3
        )
    assert MelSpectrogram(Mel.preset("coqui-22k"))(silence).unique().item() == -4


# --- The filter bank ----------------------------------------------------------------------------


@pytest.mark.parametrize("htk", [False, True])
@pytest.mark.parametrize("norm", ["slaney", None])
def test_filterbank_is_librosas(htk: bool, norm: str | None) -> None:
    import librosa

    mel = Mel(mel_scale="htk" if htk else "slaney", mel_norm=norm, f_min=20, f_max=11000)
    expected = librosa.filters.mel(
        sr=22050, n_fft=1024, n_mels=80, fmin=20, fmax=11000, htk=htk, norm=norm
    )
    bank = mel_filterbank(mel)
    assert bank.shape == (80, 513)
    assert np.abs(bank.numpy() - expected).max() < 1e-6 * expected.max()


def test_two_rates_in_one_process_get_two_banks() -> None:
    """The trap of the reference code, whose cache is keyed on f_max alone."""
    at_22k, at_24k = mel_filterbank(Mel()), mel_filterbank(Mel(sample_rate=24000))
    assert not torch.equal(at_22k, at_24k)
    assert torch.equal(at_22k, mel_filterbank(Mel()))


def test_changing_a_bank_changes_no_other() -> None:
    mel_filterbank(Mel()).zero_()
    assert mel_filterbank(Mel()).sum() > 0


# --- Frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hifigan-22k", "vocos-24k", "nemo-22k", "espnet-24k"])
@pytest.mark.parametrize("samples", [1, 2, 100, 255, 256, 384, 385, 512, 513, 1023, 5000, 5121])
def test_frames_is_what_comes_out_of_any_length(name: str, samples: int) -> None:
    mel = Mel.preset(name)
    out = MelSpectrogram(mel)(torch.randn(samples))
    assert out.shape == (mel.n_mels, mel.frames(samples))
    assert out.isfinite().all()


def test_frame_counts_of_the_two_framings() -> None:
    assert Mel().frames(256 * 137 + 5) == 137
    assert Mel.preset("vocos-24k").frames(256 * 137 + 5) == 138


def test_odd_padding_puts_the_extra_sample_last() -> None:
    """n_fft - hop = 723: 361 before, 362 after, so a click at the end reaches the last frame."""
    mel = Mel(hop_length=301, pad_mode="zero")
    wave = torch.zeros(301 * 20)
    wave[-1] = 1
    out = MelSpectrogram(mel)(wave)
    assert out.shape[-1] == 20
    position = 361 + 301 * 20 - 1 - 301 * 19
    size = torch.hann_window(1024)[position]
    expected = torch.log(mel_filterbank(mel).sum(-1) * (size**2 + 1e-9).sqrt())
    assert (out[:, -1] - expected).abs().max() < 1e-3


def test_leading_dimensions_are_kept_and_independent() -> None:
    wave = torch.randn(2, 3, 4000)
    front_end = MelSpectrogram(Mel())
    out = front_end(wave)
    assert out.shape == (2, 3, 80, 15)
    assert (out[1, 2] - front_end(wave[1, 2])).abs().max() < 1e-5


def test_an_empty_wave_is_refused() -> None:
    with pytest.raises(UserError, match="0 samples"):
        MelSpectrogram(Mel())(torch.zeros(0))


# --- Numbers and gradients ----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_gradient_is_finite_at_silence(name: str) -> None:
    wave = torch.zeros(1, 6000)
    wave[:, 3000:] = 0.1 * torch.randn(3000)
    wave.requires_grad_()
    MelSpectrogram(Mel.preset(name))(wave).sum().backward()
    assert wave.grad is not None
    assert wave.grad.isfinite().all()
    assert wave.grad[:, 4000:5000].abs().max() > 0


def test_gradient_is_right() -> None:
    front_end = MelSpectrogram(Mel(n_fft=32, hop_length=8, win_length=32, n_mels=4)).double()
    wave = torch.randn(70, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(front_end, (wave,), fast_mode=True)


def test_float32_inside_autocast_and_for_half_precision() -> None:
    front_end, wave = MelSpectrogram(Mel()), torch.randn(1, 8000)
    plain = front_end(wave)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = front_end(wave)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, plain)
    assert front_end(wave.bfloat16()).dtype == torch.float32


def test_nothing_is_saved() -> None:
    front_end = MelSpectrogram(Mel.preset("univnet-24k"))
    assert front_end.state_dict() == {}
    assert list(front_end.parameters()) == []


def test_nemo_s_last_frame_is_masked() -> None:
    out = MelSpectrogram(Mel.preset("nemo-22k"))(torch.randn(256 * 10))
    assert (out[:, -1] == -11.52).all()
    assert (out[:, :-1] > -11.5).all()


# --- The value ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_survives_json_and_yaml(name: str) -> None:
    mel = Mel.preset(name)
    assert Mel.from_dict(json.loads(json.dumps(mel.to_dict()))) == mel
    assert Mel.from_dict(yaml.safe_load(yaml.safe_dump(mel.to_dict()))) == mel
    assert hash(Mel.preset(name)) == hash(mel)


def test_statistics_survive_and_hash() -> None:
    mel = Mel(mean=np.zeros(80), scale=[2] * 80, clip=[-4, 4])
    assert mel.mean == (0.0,) * 80
    assert mel.scale == (2.0,) * 80
    assert Mel.from_dict(mel.to_dict()) == mel
    assert {mel: 1}[Mel.from_dict(mel.to_dict())] == 1


def test_no_f_max_is_half_the_banks_rate() -> None:
    assert Mel(f_max=None).f_max == 11025
    assert Mel(f_max=None) == Mel(f_max=11025)
    assert Mel(sample_rate=24000, filterbank_rate=16000, f_max=None).f_max == 8000


def test_yaml_s_text_numbers_and_none_are_taken() -> None:
    fields = yaml.safe_load("{floor: 1e-7, magnitude_eps: 1e-9, mel_norm: none, n_mels: 80.0}")
    assert isinstance(fields["floor"], str)
    mel = Mel.from_dict(fields)
    assert (mel.floor, mel.magnitude_eps, mel.mel_norm, mel.n_mels) == (1e-7, 1e-9, None, 80)
    assert isinstance(mel.n_mels, int)


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Mel().n_mels = 3  # type: ignore[misc]


REFUSED = [
    ({"f_max": 12000}, "f_max 12000 is above half of sample_rate 22050: use 11025 or less"),
    ({"filterbank_rate": 14000}, "f_max 8000 is above half of filterbank_rate 14000: use 7000"),
    ({"win_length": 2048}, "win_length 2048 is above n_fft 1024: use 1024"),
    ({"hop_length": 2000}, "hop_length 2000 is above win_length 1024"),
    ({"f_min": 9000}, "f_min 9000 is not below f_max 8000"),
    ({"f_min": -1}, "f_min is -1"),
    ({"n_mels": 0}, "n_mels is 0: it must be 1 or more"),
    ({"n_mels": 600}, "n_mels 600 is above the 513 bins of n_fft 1024: use 513"),
    ({"sample_rate": -5}, "sample_rate is -5"),
    ({"n_fft": 1025, "win_length": 1024}, "n_fft 1025 is odd: use 1026"),
    ({"hop_length": 2.5}, "hop_length is 2.5: it must be a whole number"),
    ({"n_mels": True}, "n_mels is True: it must be a number"),
    ({"n_mels": "many"}, "n_mels is 'many': it must be a number"),
    ({"floor": 0}, "floor is 0: the logarithm needs more than 0"),
    ({"floor": float("nan")}, "floor is nan"),
    ({"magnitude_eps": -1e-9}, "magnitude_eps is -1e-09"),
    ({"mel_scale": "slany"}, "mel_scale: no choice 'slany'; did you mean 'slaney'?"),
    ({"log": "log2"}, "log: no choice 'log2'; did you mean 'log10'?"),
    ({"power": 3}, "power: no choice 3; known: 1, 2"),
    ({"periodic": "yes"}, "periodic is 'yes': it must be true or false"),
    ({"mean": [0.0] * 79}, "mean has 79 values for n_mels 80"),
    ({"scale": [1.0] * 79 + [0.0]}, "scale has a 0"),
    ({"clip": [1, -1]}, "must be (lowest, highest)"),
    ({"clip": 4}, "clip is 4: it must be two numbers"),
    ({"output_rate": 22051}, "output_rate 22051 makes no whole number of samples of hop_length"),
    ({"hop_lenght": 256}, "hop_lenght: no such field; did you mean 'hop_length'?"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED, ids=[str(f)[:40] for f, _ in REFUSED])
def test_contradictions_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        Mel.from_dict(fields)
    text = str(caught.value)
    assert message in text
    assert text.startswith("mel.")
    assert "\n" not in text


def test_the_output_rate_that_is_offered_works() -> None:
    with pytest.raises(UserError, match="use a multiple of 11025"):
        Mel(output_rate=48000)
    assert Mel(output_rate=44100).samples_per_frame == 512


def test_an_unknown_preset_has_a_suggestion() -> None:
    with pytest.raises(UserError, match="no mel preset 'hifigan22k'; did you mean 'hifigan-22k'"):
        Mel.preset("hifigan22k")


def test_naming_a_front_end_loads_no_torch() -> None:
    code = (
        "import sys; from wavegan.audio.mel import Mel; Mel.preset('vocos-24k').to_dict();"
        "assert not {'torch', 'numpy', 'librosa'} & set(sys.modules), 'loaded too much'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
