"""Crops: their positions and scaling, and that they depend only on seed and number."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan.data.clips import crop, length, whole
from wavegan.data.manifest import Clip, Manifest
from wavegan.data.scan import scan
from wavegan.data.segments import Segments
from wavegan.errors import RunError, UserError

RATE = 16000
STEP = 2.0**-20
"""Difference of neighbouring samples in a ramp: exact in float32."""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))


def write(path: Path, audio: np.ndarray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio.astype(np.float32), rate, subtype="FLOAT")


def ramp(frames: int, first: int = 1) -> np.ndarray:
    """Samples whose values show their position in the file."""
    return (np.arange(frames) + first) * STEP


def noise(frames: int, seed: int = 0, channels: int = 1) -> np.ndarray:
    audio = np.random.default_rng(seed).uniform(-0.5, 0.5, (frames, channels))
    return audio[:, 0] if channels == 1 else audio


@pytest.fixture
def three(tmp_path: Path) -> Manifest:
    """Clips of 10, 3 and 1 segments of 800 samples; every sample value occurs once."""
    write(tmp_path / "c" / "long.wav", ramp(8000))
    write(tmp_path / "a" / "middle.wav", ramp(2100, first=10000))
    write(tmp_path / "b" / "one.wav", ramp(800, first=20000))
    return scan(tmp_path)


def segments(manifest: Manifest, **options) -> Segments:
    return Segments(
        manifest.clips, manifest.root, **{"sample_rate": RATE, "segment": 800, **options}
    )


def position(audio: torch.Tensor) -> int:
    return round(audio[0, 0].item() / STEP)


def test_a_crop_is_a_stretch_of_its_file(three: Manifest) -> None:
    starts = {"c/long.wav": (1, 8000), "a/middle.wav": (10000, 12099), "b/one.wav": (20000, 20799)}
    data = segments(three)
    for number in range(50):
        item = data[number]
        first, last = starts[item.path]
        assert item.audio.shape == (1, 800)
        assert item.audio.dtype == torch.float32
        assert torch.equal(item.audio.diff() / STEP, torch.ones(1, 799))
        assert first <= position(item.audio) <= last - 799
        assert item.number == number
        assert item.failed == ()


def test_same_number_same_crop_in_any_order(three: Manifest) -> None:
    numbers = list(range(60))
    forward = {n: segments(three)[n].audio for n in numbers}
    data = segments(three)
    shuffled = {n: data[n].audio for n in np.random.default_rng(1).permutation(numbers).tolist()}
    assert all(torch.equal(forward[n], shuffled[n]) for n in numbers)
    other = segments(three, seed=1)
    assert sum(torch.equal(forward[n], other[n].audio) for n in numbers) < 20


def test_every_epoch_visits_every_slot_once(three: Manifest) -> None:
    data = segments(three)
    assert len(data) == 10 + 3 + 1
    orders = []
    for epoch in range(4):
        paths = [data[epoch * 14 + slot].path for slot in range(14)]
        assert Counter(paths) == {"c/long.wav": 10, "a/middle.wav": 3, "b/one.wav": 1}
        orders.append(tuple(paths))
    assert len(set(orders)) == 4


def test_crops_begin_anywhere_alike(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", ramp(8799))  # 8000 possible starts
    data = segments(scan(tmp_path))
    starts = [position(data[number].audio) - 1 for number in range(1000)]
    bins = np.bincount(np.array(starts) // 800, minlength=10)
    assert len(bins) == 10
    # chi-square with 9 degrees of freedom: 27.9 is exceeded once in a thousand
    assert ((bins - 100) ** 2 / 100).sum() < 27.9
    assert min(starts) < 80
    assert max(starts) > 7920


def test_short_clips_are_padded_at_the_end(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", ramp(300))
    data = segments(scan(tmp_path))
    assert len(data) == 1
    for number in range(3):
        audio = data[number].audio
        assert torch.equal(audio[0, :300], torch.tensor(ramp(300), dtype=torch.float32))
        assert torch.equal(audio[0, 300:], torch.zeros(500))


@pytest.mark.parametrize("rate", [8000, 22050, 44101, 48000])
def test_a_resampled_crop_equals_a_slice_of_the_resampled_whole(tmp_path: Path, rate: int) -> None:
    write(tmp_path / "a.wav", noise(rate), rate)
    manifest = scan(tmp_path)
    clip = manifest.clips[0]
    all_of_it = whole(clip, manifest.root, RATE, 1, None)
    assert all_of_it.shape == (1, length(clip, RATE)) == (1, RATE)
    for start in (0, 1, 4321, RATE - 800):
        cut = crop(clip, manifest.root, RATE, 1, None, start=start, frames=800)
        assert cut.shape == (1, 800)
        torch.testing.assert_close(cut, all_of_it[:, start : start + 800], atol=1e-4, rtol=0)
    assert (all_of_it[:, 4322:5122] - cut).abs().max() > 0.1


def test_slots_count_time_not_samples(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(48000), 48000)
    assert len(segments(scan(tmp_path))) == 20
    assert segments(scan(tmp_path))[3].audio.shape == (1, 800)


def test_peak_is_that_of_the_file_not_of_the_crop(tmp_path: Path) -> None:
    audio = 0.1 * noise(16000)
    audio[0] = 0.25
    write(tmp_path / "a.wav", audio)
    manifest = scan(tmp_path)
    quiet = crop(manifest.clips[0], manifest.root, RATE, 1, 0.95, start=100, frames=800)
    expected = torch.tensor(audio[100:900] * 0.95 / 0.25, dtype=torch.float32)
    torch.testing.assert_close(quiet[0], expected)
    assert whole(manifest.clips[0], manifest.root, RATE, 1, 0.95).max() == pytest.approx(0.95)


def test_without_a_peak_levels_stay_but_for_what_is_over_full_scale(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", noise(1600))
    write(tmp_path / "b.wav", noise(1600) * 50)
    manifest = scan(tmp_path)
    kept, tamed = (whole(clip, manifest.root, RATE, 1, None) for clip in manifest.clips)
    assert torch.equal(kept[0], torch.tensor(noise(1600), dtype=torch.float32))
    assert tamed.abs().max() == pytest.approx(1.0)


def test_channels_are_mixed_copied_or_chosen(tmp_path: Path) -> None:
    stereo, six = noise(1600, 1, 2), noise(1600, 2, 6)
    for name, audio in {"1": noise(1600), "2": stereo, "6": six}.items():
        write(tmp_path / f"{name}.wav", audio)
    manifest = scan(tmp_path)
    one, two, many = manifest.clips

    def read(clip: Clip, channels: int) -> np.ndarray:
        return whole(clip, manifest.root, RATE, channels, None).numpy()

    np.testing.assert_allclose(read(two, 1)[0], stereo.mean(1), atol=1e-6)
    np.testing.assert_allclose(read(many, 1)[0], six.mean(1), atol=1e-6)
    np.testing.assert_allclose(read(two, 2), stereo.T, atol=1e-6)
    np.testing.assert_allclose(read(one, 2), np.stack([noise(1600)] * 2), atol=1e-6)
    np.testing.assert_allclose(read(many, 2), six.T[:2], atol=1e-6)


def test_the_mono_of_opposite_channels_is_the_first_not_silence(tmp_path: Path) -> None:
    left = noise(1600)
    write(tmp_path / "a.wav", np.stack([left, -left], axis=1))
    manifest = scan(tmp_path)
    mono = whole(manifest.clips[0], manifest.root, RATE, 1, 0.95)
    expected = torch.tensor(left * 0.95 / np.abs(left).max(), dtype=torch.float32)
    torch.testing.assert_close(mono[0], expected, atol=1e-6, rtol=0)


def test_labels_are_indices(three: Manifest) -> None:
    assert {
        i.path: int(i.conditions["label"]) for i in map(segments(three).__getitem__, range(14))
    } == {
        "a/middle.wav": 0,
        "b/one.wav": 1,
        "c/long.wav": 2,
    }
    assert segments(three, labels=["z", "c", "b", "a"])[0].conditions["label"] in (1, 2, 3)
    with pytest.raises(UserError, match="labels: 'c' is missing"):
        segments(three, labels=["a", "b"])


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize("harm", [Path.unlink, damage, lambda path: path.write_bytes(b"")])
def test_a_lost_file_is_replaced_by_the_next_slot(three: Manifest, harm) -> None:
    before = [segments(three)[number] for number in range(42)]
    harm(three.root / "c/long.wav")
    data = segments(three)
    for old in before:
        new = data[old.number]
        if old.path != "c/long.wav":
            assert torch.equal(new.audio, old.audio)
            assert new.failed == ()
            continue
        epoch, slot = before[old.number // 14 * 14 :][:14], old.number % 14
        following = epoch[slot:] + epoch[:slot]
        assert new.path == next(item.path for item in following if item.path != "c/long.wav")
        assert [failure.path for failure in new.failed] == ["c/long.wav"]
        assert new.failed[0].reason
        assert torch.equal(new.audio, segments(three)[old.number].audio)


def test_samples_that_became_nan_are_replaced(three: Manifest) -> None:
    write(three.root / "c/long.wav", np.full(8000, np.nan))
    items = [segments(three)[number] for number in range(14)]
    assert all(item.audio.isfinite().all() for item in items)
    assert {f.path for item in items for f in item.failed} == {"c/long.wav"}


def test_nothing_left_is_an_error_that_says_so(three: Manifest) -> None:
    for clip in three.clips:
        (three.root / clip.path).unlink()
    with pytest.raises(RunError, match=r"none of the 3 training files under .* can be read"):
        segments(three)[0]


def test_what_cannot_be_is_refused(three: Manifest) -> None:
    with pytest.raises(UserError, match="clips: there are no clips"):
        Segments((), three.root, sample_rate=RATE, segment=800)
    for name in ("sample_rate", "segment", "channels"):
        with pytest.raises(UserError, match=f"{name} is 0: give 1 or more"):
            segments(three, **{name: 0})
    for peak in (0.0, -0.5, float("nan")):
        with pytest.raises(UserError, match="peak is"):
            segments(three, peak=peak)
    with pytest.raises(UserError, match="seed is -1"):
        segments(three, seed=-1)
    with pytest.raises(IndexError):
        segments(three)[-1]


@pytest.mark.parametrize("share", [0.3, 0.5, 0.55, 0.6, 0.9])
def test_a_file_that_ends_early_is_cropped_where_it_decodes(
    shared: Path, tmp_path: Path, share: float
) -> None:
    flac = (shared / "data/speech-single/wavs/arctic_a0001_1592748600.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(flac[: int(len(flac) * share)])
    manifest = scan(tmp_path)
    clip = manifest.clips[0]
    assert clip.notice
    for rate in (22050, 16000):
        all_of_it = whole(clip, manifest.root, rate)
        assert all_of_it.shape == (1, length(clip, rate))
        end = crop(clip, manifest.root, rate, start=length(clip, rate) - 800, frames=800)
        torch.testing.assert_close(end, all_of_it[:, -800:], atol=1e-4, rtol=0)
        data = segments(manifest, sample_rate=rate)
        assert [f for number in range(20) for f in data[number].failed] == []
    with pytest.raises(UserError, match="damaged or cut short"):
        whole(replace(clip, frames=clip.frames + 4096), manifest.root, 22050)


def test_a_file_that_shrank_is_not_taken_for_the_clip(three: Manifest) -> None:
    clip = three.clips[2]
    write(three.root / clip.path, ramp(7000))
    with pytest.raises(UserError, match="it has changed: scan the folder again"):
        whole(clip, three.root, RATE)
    assert crop(clip, three.root, RATE, start=6000, frames=800).shape == (1, 800)
