"""Balanced labels and aligned starts: how often each is drawn, and that nothing else changes."""

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan.data.balance import Balanced
from wavegan.data.loader import training_loader
from wavegan.data.manifest import Manifest
from wavegan.data.scan import scan
from wavegan.data.segments import Segments

RATE = 16000


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path_factory.mktemp("cache")))


def balanced(*sizes: int, seed: int = 0) -> Balanced:
    """Labels 0, 1, ... of so many slots each, one label after another."""
    return Balanced(np.repeat(np.arange(len(sizes)), sizes), seed)


def drawn(order: Balanced, numbers: range) -> list[int]:
    return [next(order.candidates(number)) for number in numbers]


@pytest.mark.parametrize("sizes", [(1, 100), (7, 3, 5), (4,), (2, 2, 2, 2)])
def test_every_label_comes_equally_often(sizes: tuple[int, ...]) -> None:
    order = balanced(*sizes)
    label = np.repeat(np.arange(len(sizes)), sizes)
    assert len(order) == len(sizes) * max(sizes)
    for epoch in range(3):
        slots = drawn(order, range(epoch * len(order), (epoch + 1) * len(order)))
        assert Counter(label[slots].tolist()) == dict.fromkeys(range(len(sizes)), max(sizes))
    # any stretch that begins with a round, however short, is balanced to within one
    for end in range(1, 2 * len(order)):
        counts = Counter(label[drawn(order, range(end))].tolist())
        per_label = [counts[which] for which in range(len(sizes))]
        assert max(per_label) - min(per_label) <= 1
        if end > 40:
            break


def test_each_label_goes_through_all_its_slots_before_any_comes_again() -> None:
    order = balanced(1, 100, 7)
    slots = drawn(order, range(3 * 210))
    for first, size in ((0, 1), (1, 100), (101, 7)):
        own = [slot for slot in slots if first <= slot < first + size]
        cycles = [tuple(own[at : at + size]) for at in range(0, len(own) - size + 1, size)]
        assert all(sorted(cycle) == list(range(first, first + size)) for cycle in cycles)
        assert len(set(cycles)) > 1 or size == 1


def test_the_order_is_a_function_of_seed_and_number() -> None:
    numbers = np.random.default_rng(0).permutation(500).tolist()
    forward, jumping = balanced(3, 50, 7), balanced(3, 50, 7)
    expected = drawn(forward, range(500))
    assert [next(jumping.candidates(number)) for number in numbers] == [
        expected[number] for number in numbers
    ]
    other = drawn(balanced(3, 50, 7, seed=1), range(500))
    assert sum(a == b for a, b in zip(expected, other, strict=True)) < 100


def test_labels_within_a_round_and_slots_of_two_labels_come_in_orders_of_their_own() -> None:
    order = balanced(60, 60)
    slots = drawn(order, range(120))
    rounds = [tuple(slot >= 60 for slot in slots[at : at + 2]) for at in range(0, 120, 2)]
    assert 15 < sum(first for first, _ in rounds) < 45
    first = [slot for slot in slots if slot < 60]
    second = [slot - 60 for slot in slots if slot >= 60]
    assert first != second


def test_a_slot_is_stood_in_for_by_its_own_label_first() -> None:
    order = balanced(4, 9)
    for number in range(30):
        slots = list(order.candidates(number))
        assert sorted(slots) == list(range(13))
        own = range(4) if slots[0] < 4 else range(4, 13)
        assert set(slots[: len(own)]) == set(own)


def test_a_label_without_slots_is_not_drawn() -> None:
    order = Balanced(np.array([4, 4, 1]), 0)
    assert len(order) == 4
    assert set(drawn(order, range(8))) == {0, 1, 2}


def write(path: Path, frames: int, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    audio = np.random.default_rng(seed).uniform(-0.5, 0.5, frames)
    soundfile.write(path, audio.astype(np.float32), RATE, subtype="FLOAT")


@pytest.fixture
def kit(tmp_path: Path) -> Manifest:
    """One kick of half a segment; 12 hats, the first of them three segments long."""
    write(tmp_path / "kick" / "0.wav", 400, seed=99)
    for number in range(12):
        write(tmp_path / "hat" / f"{number:02}.wav", 2400 if number == 0 else 500, seed=number)
    return scan(tmp_path)


def segments(manifest: Manifest, **options) -> Segments:
    given = {"sample_rate": RATE, "segment": 800, **options}
    return Segments(manifest.clips, manifest.root, **given)


def test_one_clip_against_many(kit: Manifest) -> None:
    plain, data = segments(kit), segments(kit, balance=True)
    assert len(plain) == 15
    assert Counter(int(plain[n].conditions["label"]) for n in range(15)) == {0: 14, 1: 1}
    assert len(data) == 28
    for epoch in range(2):
        items = [data[epoch * 28 + n] for n in range(28)]
        assert Counter(int(item.conditions["label"]) for item in items) == {0: 14, 1: 14}
        paths = Counter(item.path for item in items)
        assert paths == {
            "kick/0.wav": 14,
            "hat/00.wav": 3,
            **{f"hat/{n:02}.wav": 1 for n in range(1, 12)},
        }
    assert torch.equal(data[17].audio, segments(kit, balance=True)[17].audio)


def test_a_lost_file_is_replaced_by_one_of_its_label(kit: Manifest) -> None:
    before = [segments(kit, balance=True)[n] for n in range(28)]
    (kit.root / "hat/00.wav").unlink()
    data = segments(kit, balance=True)
    for old in before:
        new = data[old.number]
        assert new.conditions["label"] == old.conditions["label"]
        if old.path != "hat/00.wav":
            assert torch.equal(new.audio, old.audio)
        else:
            assert [failure.path for failure in new.failed] == ["hat/00.wav"]
    (kit.root / "kick/0.wav").unlink()
    last = segments(kit, balance=True)
    assert {int(last[n].conditions["label"]) for n in range(28)} == {0}


def test_processes_and_resumed_runs_read_what_one_run_does(kit: Manifest) -> None:
    data = segments(kit, balance=True)
    whole = list(training_loader(data, batch_size=4, steps=20, num_workers=0))
    shares = [
        list(training_loader(data, batch_size=4, steps=20, rank=r, world=2, num_workers=0))
        for r in (0, 1)
    ]
    for step, (batch, *parts) in enumerate(zip(whole, *shares, strict=True)):
        assert torch.equal(batch.audio, torch.cat([part.audio for part in parts])), step
        assert torch.equal(
            batch.conditions["label"], torch.cat([part.conditions["label"] for part in parts])
        )
        assert batch.conditions["label"].sum() == 2  # a batch holds whole rounds
    fresh = segments(kit, balance=True)
    resumed = training_loader(fresh, batch_size=4, steps=20, start_step=13, num_workers=0)
    assert all(torch.equal(a.audio, b.audio) for a, b in zip(whole[13:], resumed, strict=True))


def test_without_balance_the_order_is_what_it_was(kit: Manifest) -> None:
    """The formula written out: a permutation of the slots per epoch, a number for the position."""
    data = segments(kit, seed=5)
    slots = [clip for clip in kit.clips for _ in range(3 if clip.frames == 2400 else 1)]
    for number in range(45):
        epoch, place = divmod(number, 15)
        order = np.random.default_rng([5, 0, epoch]).permutation(np.arange(15, dtype=np.uint32))
        clip = slots[order[place]]
        share = np.random.default_rng([5, 1, number]).random()
        start = int(share * (max(0, clip.frames - 800) + 1))
        wave, _ = soundfile.read(kit.root / clip.path, dtype="float32")
        cut = torch.from_numpy(wave[start : start + 800])
        item = data[number]
        assert item.path == clip.path
        assert torch.equal(item.audio[0, : len(cut)], cut)
        assert not item.audio[0, len(cut) :].any()


@pytest.mark.parametrize("align", ["random", "start"])
def test_a_clip_shorter_than_the_segment_begins_at_its_first_sample(
    kit: Manifest, align: str
) -> None:
    wave, _ = soundfile.read(kit.root / "kick/0.wav", dtype="float32")
    data = segments(kit, align=align)
    found = [item for item in map(data.__getitem__, range(30)) if item.path == "kick/0.wav"]
    assert len(found) >= 2
    for item in found:
        assert torch.equal(item.audio[0, :400], torch.from_numpy(wave))
        assert not item.audio[0, 400:].any()


def test_aligned_crops_begin_at_the_first_sample_and_each_clip_has_one_slot(kit: Manifest) -> None:
    data = segments(kit, align="start")
    assert len(data) == 13
    for epoch in range(3):
        items = [data[epoch * 13 + n] for n in range(13)]
        assert sorted(item.path for item in items) == sorted(clip.path for clip in kit.clips)
        for item in items:
            wave, _ = soundfile.read(kit.root / item.path, dtype="float32")
            cut = torch.from_numpy(wave[:800])
            assert torch.equal(item.audio[0, : len(cut)], cut)
    both = segments(kit, align="start", balance=True)
    assert len(both) == 24
    assert Counter(int(both[n].conditions["label"]) for n in range(24)) == {0: 12, 1: 12}


def test_a_random_crop_of_a_longer_clip_cuts_off_its_beginning(kit: Manifest) -> None:
    wave, _ = soundfile.read(kit.root / "hat/00.wav", dtype="float32")
    crops = [
        i.audio[0] for i in map(segments(kit).__getitem__, range(60)) if i.path == "hat/00.wav"
    ]
    attacks = [torch.equal(crop[:10], torch.from_numpy(wave[:10])) for crop in islice(crops, 12)]
    assert sum(attacks) < 3


def test_real_drums_are_drawn_evenly(shared: Path) -> None:
    """Nine folders of 18 to 168 files."""
    manifest = scan(shared / "data" / "drums")
    data = Segments(
        manifest.clips, manifest.root, sample_rate=44100, segment=32768, balance=True, align="start"
    )
    present = Counter(clip.label for clip in manifest.clips)
    assert (len(present), min(present.values()), max(present.values())) == (9, 18, 168)
    assert len(data) == len(present) * max(present.values())
    items = [data[number] for number in range(2 * len(present))]
    assert set(Counter(int(item.conditions["label"]) for item in items).values()) == {2}
