"""Inputs that people pass: accepted, or refused in one line that says what to write."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from wavegan import Synthesizer, UserError, Vocoder, bundle
from wavegan.generators.parallel_wavegan import ParallelWaveGAN
from wavegan.generators.wavegan import WaveGAN
from wavegan.inference.given import numbers

pytestmark = [
    pytest.mark.filterwarnings("ignore:mel values:RuntimeWarning"),
    pytest.mark.filterwarnings("error:.*not writable.*:UserWarning"),
]


@pytest.fixture(scope="module")
def vocoder(tiny: bundle.Config) -> Vocoder:
    torch.manual_seed(0)
    return Vocoder(bundle.build(tiny), tiny.mel)


@pytest.fixture(scope="module")
def sounds() -> Synthesizer:
    torch.manual_seed(0)
    network = WaveGAN(segment=512, dim=2, latent_dim=8, kernel_size=5, n_labels=2)
    return Synthesizer(network, 8000, labels=("low", "high"))


MEL = torch.randn(8, 12, generator=torch.Generator().manual_seed(3)).round(decimals=1) - 7
MEL = MEL.half().float()  # so that every type holds it exactly
WAVE = (torch.randn(400, generator=torch.Generator().manual_seed(4)) / 8).half().float()


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def inference(array: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return torch.from_numpy(array.copy())


LAYOUTS: dict[str, Callable[[np.ndarray], Any]] = {
    "plain": lambda a: a,
    "negative strides": lambda a: np.flip(np.flip(a).copy()),
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "columns first": np.asfortranarray,
    "read only": read_only,
    "another byte order": lambda a: a.astype(a.dtype.newbyteorder()),
    "float64": lambda a: a.astype(np.float64),
    "float16": lambda a: a.astype(np.float16),
    "long double": lambda a: a.astype(np.longdouble),
    "subclass": np.ma.asarray,
    "list": lambda a: a.tolist(),
    "tuple of lists": lambda a: tuple(a.tolist()),
    "tensor": torch.from_numpy,
    "tensor of float64": lambda a: torch.from_numpy(a).double(),
    "tensor of bytes": lambda a: torch.frombuffer(bytearray(a.tobytes()), dtype=torch.float32).view(
        a.shape
    ),
    "tensor that learns": lambda a: torch.from_numpy(a).clone().requires_grad_(),
    "tensor with a graph": lambda a: torch.from_numpy(a).clone().requires_grad_() * 1,
    "tensor of inference mode": inference,
    "tensor, other strides": lambda a: torch.from_numpy(np.repeat(a, 2, -1))[..., ::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers_of_any_layout_are_what_they_say(vocoder: Vocoder, layout: str) -> None:
    lay = LAYOUTS[layout]
    mel, wave = lay(MEL.numpy()), lay(WAVE.numpy())
    assert torch.equal(vocoder(mel), vocoder(MEL))
    assert torch.equal(vocoder.mel(wave), vocoder.mel(WAVE))


def test_what_was_given_is_not_changed(vocoder: Vocoder, sounds: Synthesizer) -> None:
    mel, wave = MEL.numpy().copy(), WAVE.numpy().copy()
    vocoder(mel).mul_(0)
    vocoder.mel(wave).mul_(0)
    sounds.invert(wave, steps=1, label=0)
    assert np.array_equal(mel, MEL.numpy())
    assert np.array_equal(wave, WAVE.numpy())


NO_NUMBERS: dict[str, Any] = {
    "none": None,
    "text": "mel.npy",
    "path": Path("mel.npy"),
    "bytes": b"RIFF",
    "dictionary": {"mel": MEL},
    "set": {1.0},
    "generator": (x for x in ()),
    "object": object(),
    "texts": ["a", "b"],
    "array of text": np.array(["a"]),
    "array of objects": np.array([None, 1.0], dtype=object),
    "complex": np.zeros((8, 4), np.complex64),
    "complex tensor": torch.zeros(8, 4, dtype=torch.complex64),
    "boolean": np.zeros((8, 4), bool),
    "boolean tensor": torch.zeros(8, 4, dtype=torch.bool),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "records": np.zeros(3, dtype=[("left", "f4"), ("right", "f4")]),
    "rows of different lengths": [[1.0, 2.0], [1.0]],
    "sparse": torch.eye(8).to_sparse(),
    "on meta": torch.zeros(8, 4, device="meta"),
    "one number": 3.0,
    "one number, array": np.float32(3),
}


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(UserError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_what_is_no_array_is_refused_by_its_name(
    vocoder: Vocoder, sounds: Synthesizer, kind: str
) -> None:
    given = NO_NUMBERS[kind]
    assert "mel" in refusal(lambda: vocoder(given))
    assert "wave" in refusal(lambda: vocoder.mel(given))
    assert "latent" in refusal(lambda: sounds(given))
    assert "latent" in refusal(lambda: sounds.vary(given))
    assert "clip" in refusal(lambda: sounds.invert(given))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_values_that_are_not_finite_are_refused(
    vocoder: Vocoder, sounds: Synthesizer, bad: float, dtype: type
) -> None:
    mel, wave = MEL.numpy().astype(dtype), WAVE.numpy().astype(dtype)
    mel[3, 4] = wave[50] = bad
    assert "mel has values that are not finite" in refusal(lambda: vocoder(mel))
    assert "wave has values that are not finite" in refusal(lambda: vocoder.mel(wave))
    assert "not finite" in refusal(lambda: sounds.invert(wave))
    assert "not finite" in refusal(lambda: sounds(np.full((1, 8), bad)))


def test_values_beyond_float32_are_not_finite_either(vocoder: Vocoder) -> None:
    assert "not finite" in refusal(lambda: vocoder(np.full((8, 4), 1e300)))
    assert "not finite" in refusal(lambda: vocoder.mel(np.full(400, 1e300)))


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8])
def test_integers_of_a_file_are_scaled_and_that_is_said(vocoder: Vocoder, dtype: type) -> None:
    middle, scale = {np.uint8: (128, 128), np.int16: (0, 2**15), np.int32: (0, 2**31)}[dtype]
    integers = (WAVE.numpy().astype(np.float64) * scale + middle).round().astype(dtype)
    for given in (
        integers,
        torch.from_numpy(integers),
        integers.astype(integers.dtype.newbyteorder()),
    ):
        with pytest.warns(UserWarning, match=rf"wave .*\({dtype.__name__}\)") as said:
            made = vocoder.mel(given)
        assert str(scale) in str(said[0].message)
        assert said[0].filename == __file__
        by_hand = ((integers.astype(np.float64) - middle) / scale).astype(np.float32)
        assert torch.equal(made, vocoder.mel(by_hand))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.uint64])
def test_other_integers_have_no_full_scale(vocoder: Vocoder, dtype: type) -> None:
    assert "32768" in refusal(lambda: vocoder.mel(np.ones(400, dtype)))


@pytest.mark.parametrize("scale", [32768, 2**31])
def test_floats_at_the_scale_of_integers_are_refused(vocoder: Vocoder, scale: float) -> None:
    assert re.search(r"wave peaks at [\d.e+]+\b.*32768", refusal(lambda: vocoder.mel(WAVE * scale)))
    vocoder.mel(WAVE * 20)  # loud, but of floats


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_last_are_turned_and_that_is_said(vocoder: Vocoder, channels: int) -> None:
    wave = torch.stack([WAVE / (n + 1) for n in range(channels)])
    with pytest.warns(UserWarning, match=rf"shape \(400, {channels}\).*wave\.T") as said:
        made = vocoder.mel(wave.T.numpy())
    assert said[0].filename == __file__
    assert torch.equal(made, vocoder.mel(wave))


def test_a_clip_with_channels_last_is_refused(sounds: Synthesizer) -> None:
    assert "clip.T" in refusal(lambda: sounds.invert(np.zeros((400, 2), np.float32) + 0.1))


def test_nothing_at_all_is_refused(vocoder: Vocoder, sounds: Synthesizer) -> None:
    for empty in ([], np.zeros(0), torch.zeros(0), np.zeros((8, 0))):
        assert "mel" in refusal(lambda given=empty: vocoder(given))
    assert "0 samples" in refusal(lambda: vocoder.mel([]))
    assert "latent" in refusal(lambda: sounds([]))
    assert "clip" in refusal(lambda: sounds.invert([]))


class TestLists:
    """Several mels or waves of different lengths."""

    def test_each_mel_is_what_it_is_alone(self, vocoder: Vocoder) -> None:
        mels = [MEL, MEL[:, :5].numpy(), MEL[:, 3:4].double(), MEL.expand(2, 8, 12)]
        made = vocoder(mels)
        assert [one.shape for one in made] == [(192,), (80,), (16,), (2, 192)]
        for one, mel in zip(made, mels, strict=True):
            assert torch.equal(one, vocoder(mel))
        assert all(torch.equal(a, b) for a, b in zip(vocoder(tuple(mels)), made, strict=True))

    def test_each_wave_has_its_own_mel(self, vocoder: Vocoder) -> None:
        made = vocoder.mel([WAVE, WAVE[:160].numpy(), WAVE.expand(2, 400)])
        assert [one.shape for one in made] == [(8, 25), (8, 10), (2, 8, 25)]
        assert torch.equal(made[1], vocoder.mel(WAVE[:160]))

    def test_the_one_that_does_not_fit_is_named(self, vocoder: Vocoder) -> None:
        assert "mel[1] has shape (7, 3)" in refusal(lambda: vocoder([MEL, MEL[:7, :3]]))
        assert "mel[1]" in refusal(lambda: vocoder([MEL, "mel.npy"]))
        assert "wave[1]" in refusal(lambda: vocoder.mel([WAVE, WAVE * torch.nan]))

    def test_lengths_are_not_for_lists(self, vocoder: Vocoder) -> None:
        assert "lengths" in refusal(lambda: vocoder([MEL, MEL], lengths=[3, 4]))
        assert "mask" in refusal(lambda: vocoder([MEL, MEL], mask=np.ones((2, 12))))

    def test_each_has_its_own_noise(self, tiny: bundle.Config) -> None:
        network = ParallelWaveGAN(
            n_mels=8, layers=2, stacks=1, residual_channels=4, gate_channels=4, skip_channels=4,
            upsample_rates=[4, 4],
        )  # fmt: skip
        noisy = Vocoder(network, tiny.mel)
        noises = [np.ones((1, 192)), np.zeros((1, 80))]
        made = noisy([MEL, MEL[:, :5]], noises)
        assert torch.equal(made[0], noisy(MEL, noises[0]))
        assert torch.equal(made[1], noisy(MEL[:, :5], noises[1]))
        assert torch.equal(noisy([MEL])[0], noisy(MEL))
        assert "list of 2" in refusal(lambda: noisy([MEL, MEL[:, :5]], noises[0]))


@pytest.mark.parametrize("kind", [np.int64, np.uint8, int, torch.tensor, np.array])
def test_whole_numbers_of_any_type(vocoder: Vocoder, sounds: Synthesizer, kind: Any) -> None:
    expected = sounds.sample(2, 1, seed=7, first=3)
    made = sounds.sample(kind(2), kind(1), seed=kind(7), first=kind(3))
    assert torch.equal(made, expected)
    assert sounds.last_seed == 7
    assert torch.equal(sounds.latent(kind(7)), sounds.latent(7))
    assert torch.equal(sounds.interpolate(kind(1), [kind(2), kind(0)], kind(2)),
                       sounds.interpolate(1, (2, 0), 2))  # fmt: skip
    assert torch.equal(vocoder(MEL, seed=kind(2)), vocoder(MEL))
    lengths = np.array([kind(12), kind(4)])
    assert torch.equal(
        vocoder([MEL, MEL[:, :4]])[1], vocoder(MEL.expand(2, 8, 12), lengths=lengths)[1, :64]
    )


@pytest.mark.parametrize("labels", [["low", "high"], ("low", 1), np.array([0, 1]),
                                    np.array(["low", "high"]), torch.tensor([0, 1]),
                                    [np.int64(0), torch.tensor(1)], range(2)])  # fmt: skip
def test_labels_of_any_type(sounds: Synthesizer, labels: Any) -> None:
    assert torch.equal(sounds.sample(2, labels, seed=1), sounds.sample(2, [0, 1], seed=1))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("n", lambda s: s.sample(2.5)),
        ("n", lambda s: s.sample("2")),
        ("seed", lambda s: s.sample(seed=1.5)),
        ("seed", lambda s: s.sample(seed=-1)),
        ("first", lambda s: s.sample(first="a")),
        ("seconds", lambda s: s.sample(seconds="2 s")),
        ("seconds", lambda s: s.sample(seconds=np.nan)),
        ("truncation", lambda s: s.sample(truncation="0.5")),
        ("truncation", lambda s: s.sample(truncation=None)),
        ("label", lambda s: s.sample(label=1.5)),
        ("label", lambda s: s.sample(label={"low": 1})),
        ("steps", lambda s: s.interpolate(1, 2, 2.5)),
        ("seed", lambda s: s.latent("a")),
        ("seed", lambda s: s.interpolate((1, 2, 3), 2, 2)),
        ("spread", lambda s: s.vary(np.zeros(8), spread="much")),
        ("steps", lambda s: s.invert(WAVE, steps=1.5)),
        ("sample_rate", lambda s: s.invert(WAVE, sample_rate=0)),
        ("sample_rate", lambda s: s.invert(WAVE, sample_rate="8k")),
    ],
)
def test_what_is_no_number_is_refused_by_its_name(
    sounds: Synthesizer, name: str, call: Callable[[Synthesizer], object]
) -> None:
    assert name in refusal(lambda: call(sounds))


def test_numbers_of_numpy_do_for_real_ones(sounds: Synthesizer) -> None:
    made = sounds.sample(1, seed=1, seconds=np.float32(0.03125), truncation=np.float64(0.5))
    assert torch.equal(made, sounds.sample(1, seed=1, seconds=0.03125, truncation=0.5))
    latent = sounds.latent(3)
    for given in (latent.numpy(), latent.tolist(), np.flip(np.flip(latent.numpy()).copy())):
        assert torch.equal(sounds(given), sounds(latent))
        assert torch.equal(sounds.vary(given, n=2), sounds.vary(latent, n=2))
    clip = WAVE.numpy()
    for given in (
        clip,
        clip.tolist(),
        WAVE.requires_grad_(False).double(),
        (clip * 2**15).astype(np.int16),
    ):
        found = sounds.invert(given, steps=1, label="low")
        assert found.distance == pytest.approx(
            sounds.invert(clip, steps=1, label="low").distance, rel=0.05
        )


@pytest.mark.parametrize("lengths", [[3.5, 12], ["a", "b"], [np.nan, 3], [[1, 2], [3]]])
def test_lengths_are_whole_numbers(vocoder: Vocoder, lengths: Any) -> None:
    assert "lengths" in refusal(lambda: vocoder(MEL.expand(2, 8, 12), lengths=lengths))


@pytest.mark.parametrize(
    "rows",
    [[[1.0, 2.0], [1.0]], [[[1.0], [1.0]], [[1.0]]], [np.zeros(2), np.zeros(3)], [[1.0], 1.0]],
)
def test_rows_of_different_lengths_are_named_as_such(rows):
    assert "rows" in refusal(lambda: numbers(rows, "mel"))
    assert numbers([[1.0], [2.0]], "mel").shape == (2, 1)
