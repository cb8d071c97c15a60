"""Sounds of a model: the same for a seed whatever else is requested, without seams."""

import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

import wavegan
from wavegan import RunError, Synthesizer, UserError, Vocoder, bundle
from wavegan.generators.base import LatentGenerator
from wavegan.inference import latents
from wavegan.layers.walk import overlap
from wavegan.mel.front_end import Mel
from wavegan.random_streams import ClipStream, draw_latents, of_clip

RATE, SEGMENT = 8000, 1024


class Tiny(LatentGenerator):
    """A smooth generator of 8 positions, 128 samples each."""

    def __init__(
        self,
        segment: int = SEGMENT,
        channels: int = 1,
        n_labels: int = 0,
        prior: Literal["normal", "uniform"] = "normal",
        noisy: bool = False,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.latent_dim, self.prior, self.positions = 6, prior, 8
        self.segment, self.hop_length = segment, segment // 8
        self.n_labels, self.noisy, self.gain = n_labels, noisy, gain
        self.dense = nn.Linear(6, 16 * 8)
        self.label = nn.Embedding(max(n_labels, 1), 16)
        self.convs = nn.ModuleList([nn.Conv1d(16, 16, 3), nn.Conv1d(16, channels, 3)])

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        walk = latent[:, None] if latent.ndim == 2 else latent
        maps = self.dense(walk * truncation).unflatten(-1, (16, 8))
        x = overlap(maps, positions, loop=loop)
        if self.n_labels:
            assert label is not None
            x = x + 2 * self.label(label)[..., None]
        if self.noisy:
            shapes = self.noise_shapes(x.shape[-1])
            drawn = noise or [torch.randn(len(x), *shape) for shape in shapes]
            x = x + drawn[0]
        mode = "circular" if loop else "replicate"
        for conv, rate in zip(self.convs, (8, self.segment // 64), strict=True):
            x = interpolate(pad(x, (1, 1), mode), scale_factor=float(rate), mode="linear")
            x = conv(pad(x[..., rate:-rate], (1, 1), mode)).sin()
        return self.gain * x

    def noise_shapes(self, positions: int | None = None) -> list[tuple[int, ...]]:
        return [(16, positions or 8)] if self.noisy else []


def made(labels: Sequence[str] = (), **options: Any) -> Synthesizer:
    torch.manual_seed(0)
    net = Tiny(n_labels=len(labels), **options)
    return Synthesizer(net, RATE, channels=options.get("channels", 1), labels=labels)


@pytest.fixture
def seams(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("seams")


@pytest.mark.parametrize(("channels", "count"), [(1, 3), (2, 1)])
def test_clips_have_the_models_length_and_its_samples(channels: int, count: int) -> None:
    synthesizer = made(channels=channels, gain=3.0)
    clips = synthesizer.sample(count, seed=1)
    assert clips.shape == (count, channels, SEGMENT)
    assert clips.dtype == torch.float32
    # peaks above full scale are neither cut nor scaled
    assert clips.abs().max() > 1
    assert torch.equal(clips, 3 * made(channels=channels).sample(count, seed=1))
    assert synthesizer.seconds == SEGMENT / RATE
    assert not clips.requires_grad


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("options", [{}, {"seconds": 0.3}, {"loop": True}, {"truncation": 0.5}])
def test_a_clip_is_a_function_of_its_seed_and_number_alone(
    noisy: bool, options: dict[str, Any]
) -> None:
    synthesizer = made(("kick", "snare", "hat"), noisy=noisy)
    together = synthesizer.sample(8, seed=5, **options)
    torch.manual_seed(99)
    for first, size in ((0, 1), (3, 1), (2, 5)):
        part = synthesizer.sample(size, seed=5, first=first, **options)
        assert torch.equal(part, together[first : first + size])
    assert torch.equal(
        together, made(("kick", "snare", "hat"), noisy=noisy).sample(8, seed=5, **options)
    )
    flat = together.flatten(1)
    distances = torch.cdist(flat, flat) + 10 * torch.eye(8)
    assert distances.min() > 0.1
    assert (synthesizer.sample(8, seed=6, **options) - together).abs().max() > 0.1


def test_noise_is_each_clips_own() -> None:
    synthesizer = made(noisy=True)
    same = torch.ones(2, 6)
    first, second = synthesizer(same, seed=1)
    assert (first - second).abs().max() > 0.1
    assert torch.equal(synthesizer(same[:1], seed=1, first=1)[0], second)
    assert (synthesizer(same, seed=2)[0] - first).abs().max() > 0.1
    sampled = synthesizer.sample(seed=5)
    torch.testing.assert_close(synthesizer(synthesizer.latent(5), seed=5), sampled)


def test_nothing_touches_torchs_own_random_numbers() -> None:
    synthesizer = made(noisy=True)
    torch.manual_seed(7)
    expected = torch.randn(4)
    torch.manual_seed(7)
    synthesizer.sample(2, seed=0)
    assert torch.equal(torch.randn(4), expected)


def test_a_seed_that_is_not_given_is_drawn_and_reported() -> None:
    synthesizer = made()
    assert synthesizer.last_seed is None
    clip = synthesizer.sample()
    reported = synthesizer.last_seed
    other = synthesizer.sample()
    assert reported is not None
    assert synthesizer.last_seed != reported
    assert torch.equal(synthesizer.sample(seed=reported), clip)
    assert not torch.equal(other, clip)


def test_labels_are_names_numbers_or_one_for_each_clip_or_taken_in_turn() -> None:
    synthesizer = made(("kick", "snare", "7"))
    in_turn = synthesizer.sample(5, seed=0)
    each = synthesizer.sample(5, ["kick", 1, "7", np.int64(0), "snare"], seed=0)
    assert torch.equal(in_turn, each)
    snares = synthesizer.sample(2, "snare", seed=0)
    assert torch.equal(snares[1], in_turn[1])
    assert not torch.equal(snares[0], in_turn[0])
    assert torch.equal(snares, synthesizer.sample(2, 1, seed=0))
    torch.manual_seed(0)
    assert Synthesizer(Tiny(n_labels=2), RATE).labels == ("0", "1")


def test_a_label_is_the_same_in_the_c_locale() -> None:
    as_bytes = "é".encode().decode("ascii", "surrogateescape")
    synthesizer = made(("a", "é"))
    assert torch.equal(synthesizer.sample(1, as_bytes, seed=0), synthesizer.sample(1, 1, seed=0))
    synthesizer = made(("a", as_bytes, "\udce9"))
    assert torch.equal(synthesizer.sample(1, "é", seed=0), synthesizer.sample(1, 1, seed=0))
    assert torch.equal(synthesizer.sample(1, "\udce9", seed=0), synthesizer.sample(1, 2, seed=0))


@pytest.mark.parametrize("given", ["0", "1", "2", "-1", "02", "", 3, -1, True, 1.0, None])
def test_a_text_is_a_name_and_an_int_a_place(given: Any) -> None:
    synthesizer = made(("2", "kick", "0"))
    places = {"2": 0, "0": 2}
    calls: list[Callable[[Any], torch.Tensor]] = [
        lambda label: synthesizer.sample(1, [label], seed=0),
        lambda label: synthesizer.sample(1, label, seed=0),
        lambda label: synthesizer(synthesizer.latent(0), label),
        lambda label: synthesizer.interpolate(0, 1, 2, label)[:1],
    ]
    for call in calls[:1] if given is None else calls:
        if given in places and isinstance(given, str):
            assert torch.equal(call(given), call(places[given]))
            continue
        with pytest.raises((UserError, TypeError)) as error:
            call(given)
        if not isinstance(given, float):
            assert isinstance(error.value, UserError)
            assert "the labels are 2, kick, 0" in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "snar"}, r"'snar' \(did you mean 'snare'\?\); the labels are kick, snare"),
        ({"label": 2}, "no label '2'; the labels are kick, snare"),
        ({"label": ["kick"]}, "1 is given for 2 clips"),
        ({"n": 0}, "n is 0"),
        ({"seed": -1}, "seed -1"),
        ({"seconds": 0.0}, "seconds is 0"),
        ({"seconds": math.nan}, "seconds is nan"),
        ({"seconds": 0.1, "loop": True}, r"seconds is 0\.1, .*loop.* at least 0\.128"),
        ({"truncation": 1.5}, "truncation is 1.5"),
    ],
)
def test_what_cannot_be_made_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        made(("kick", "snare")).sample(**{"n": 2, "seed": 0, **options})
    assert "\n" not in str(error.value)


def test_a_model_without_labels_refuses_one() -> None:
    with pytest.raises(UserError, match="without labels"):
        made().sample(label="kick")
    with pytest.raises(UserError, match=r"labels has 1 names, .* 2 labels"):
        Synthesizer(Tiny(n_labels=2), RATE, labels=("kick",))


def test_a_shorter_clip_is_the_start_of_the_whole_faded_out() -> None:
    synthesizer = made()
    whole, cut = synthesizer.sample(seed=3), synthesizer.sample(seed=3, seconds=0.1)
    assert cut.shape == (1, 1, 800)
    assert torch.equal(cut[..., :760], whole[..., :760])
    assert cut[..., -1].abs().max() == 0
    expected = whole[..., 760:800] * (1 - torch.arange(1, 41) / 40)
    torch.testing.assert_close(cut[..., 760:], expected)
    assert whole[..., 799].abs() > 0.01


@pytest.mark.parametrize("seconds", [0.1281, 0.2, 0.5, 1.0, 2.345])
def test_a_longer_clip_has_just_that_length_and_begins_as_the_short_one(seconds: float) -> None:
    synthesizer = made()
    long = synthesizer.sample(2, seed=3, seconds=seconds)
    assert long.shape == (2, 1, round(seconds * RATE))
    assert long.abs().max() <= 1
    # half a clip is the first window alone, but for what convolutions see beyond
    torch.testing.assert_close(long[..., :300], synthesizer.sample(2, seed=3)[..., :300])
    assert long[..., -400:].std() > 0.01


def test_a_longer_walk_begins_with_the_shorter_one_and_evolves() -> None:
    walk = latents.drawn_walk("normal", 200, 21, 4, 0, loop=False)
    for windows in (1, 2, 5, 8):
        shorter = latents.drawn_walk("normal", 200, windows, 4, 0, loop=False)
        assert torch.equal(shorter, walk[:windows])
    # four windows from one drawn latent to the next: neighbours a quarter of a right angle apart
    cosines = torch.nn.functional.cosine_similarity(walk[:-1], walk[1:])
    assert ((cosines.acos() - math.pi / 8).abs() < 0.1).all()
    assert torch.nn.functional.cosine_similarity(walk[0], walk[4], dim=0).abs() < 0.25
    assert (walk.square().mean(-1).sqrt() - 1).abs().max() < 0.15


def test_a_loops_walk_is_a_cycle_and_never_one_latent_twice() -> None:
    walk = latents.drawn_walk("normal", 200, 12, 4, 0, loop=True)
    around = torch.cat([walk, walk[:1]])
    cosines = torch.nn.functional.cosine_similarity(around[:-1], around[1:])
    assert ((cosines.acos() - math.pi / 8).abs() < 0.1).all()
    two = latents.drawn_walk("normal", 200, 2, 4, 0, loop=True)
    assert torch.equal(two[0], walk[0])
    assert torch.nn.functional.cosine_similarity(two[0], two[1], dim=0).abs() < 0.25


def test_loops_have_the_nearest_length_that_wraps() -> None:
    synthesizer = made()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert synthesizer.sample(loop=True).shape[-1] == SEGMENT
        assert synthesizer.sample(loop=True, seconds=10 * 128 / RATE).shape[-1] == 10 * 128
    with pytest.warns(UserWarning, match=r"the loop is 0\.5120 s long \(4096 samples\)"):
        assert synthesizer.sample(loop=True, seconds=0.505).shape[-1] == 4096


def test_between_normal_latents_the_norm_stays_and_uniform_ones_mix_linearly() -> None:
    a, b = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 3.0]])
    half = latents.between(a, b, 0.5, "normal")
    torch.testing.assert_close(half, torch.full((1, 2), 3 / math.sqrt(2)))
    third = latents.between(a, b, 1 / 3, "normal")
    torch.testing.assert_close(third, torch.tensor([[3 * math.cos(math.pi / 6), 1.5]]))
    torch.testing.assert_close(latents.between(a, b, 0.5, "uniform"), torch.full((1, 2), 1.5))
    assert torch.equal(latents.between(a, a, 0.3, "normal"), a)
    assert latents.between(a, -a, 0.3, "normal").isfinite().all()


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_an_interpolation_goes_from_one_clip_to_another(prior: str) -> None:
    synthesizer = made(("kick", "snare"), prior=prior)
    way = synthesizer.interpolate(3, (4, 2), 9)
    assert way.shape == (9, 1, SEGMENT)
    torch.testing.assert_close(way[0], synthesizer.sample(seed=3)[0])
    last = synthesizer.sample(3, "kick", seed=4)[2]
    torch.testing.assert_close(way[-1], last)
    steps = way.diff(dim=0).flatten(1).norm(dim=1)
    assert steps.max() < 0.6 * (way[0] - way[-1]).norm()
    from_third = synthesizer.interpolate((3, 1), 4, 2)
    torch.testing.assert_close(from_third[0], synthesizer.sample(2, seed=3)[1])
    with pytest.raises(UserError, match="steps is 1"):
        synthesizer.interpolate(1, 2, 1)


def test_variations_of_a_normal_latent_are_draws_from_the_prior_again() -> None:
    numbers = of_clip(0, 0, ClipStream.LATENT)
    centre = draw_latents("normal", (1, 4096), numbers)
    near = latents.neighbours(centre, 0.6, 3, 0, "normal")
    assert near.shape == (3, 4096)
    assert (near.std(-1) - 1).abs().max() < 0.05
    assert torch.nn.functional.cosine_similarity(near, centre) == pytest.approx(0.8, abs=0.05)
    assert torch.equal(near[:2], latents.neighbours(centre, 0.6, 2, 0, "normal"))
    synthesizer = made()
    point = synthesizer.latent(3)
    assert torch.equal(synthesizer.vary(point, 0.0, 2), point.expand(2, -1))
    clip = synthesizer.sample(seed=3)
    gaps = [
        float((synthesizer(synthesizer.vary(point, spread, 16)) - clip).square().mean())
        for spread in (0.05, 0.3, 1.0)
    ]
    assert gaps[0] < 0.5 * gaps[1] < 0.5 * gaps[2]


def test_variations_of_a_uniform_latent_stay_in_its_cube() -> None:
    synthesizer = made(prior="uniform")
    point = synthesizer.latent(3)
    assert point.abs().max() <= 1
    near = synthesizer.vary(point, 0.5, 50)
    assert near.abs().max() == 1
    assert (near - point).abs().max() <= 0.5
    for spread in (-0.1, 1.1):
        with pytest.raises(UserError, match="spread is"):
            synthesizer.vary(point, spread, 1)


@pytest.mark.parametrize(
    ("latent", "message"),
    [
        (torch.zeros(6), r"shape \(6,\): this model takes \(n, 6\), or walks \(n, W, 6\)"),
        (torch.zeros(1, 5), r"shape \(1, 5\)"),
        (torch.full((1, 6), math.nan), "not finite"),
    ],
)
def test_a_latent_that_does_not_fit_is_refused(latent: Tensor, message: str) -> None:
    with pytest.raises(UserError, match=message):
        made()(latent)


def test_a_diverged_model_is_reported_and_makes_no_sound() -> None:
    synthesizer = made()
    with torch.no_grad():
        synthesizer.generator.get_parameter("dense.bias").fill_(math.nan)
    with pytest.raises(RunError, match="not finite"):
        synthesizer.sample()


def saved(folder: Path, generator: dict[str, Any], **fields: Any) -> Path:
    config = bundle.Config(
        mel=Mel(sample_rate=RATE, f_max=None),
        generator=generator,
        task="synthesize",
        **{"segment": SEGMENT, **fields},
    )
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    bundle.save(folder, config, bundle.build(config, trust_code=True).state_dict())
    return folder


def test_a_bundle_says_all_that_is_needed(tmp_path: Path) -> None:
    folder = saved(tmp_path, {"name": f"{__name__}:Tiny"}, labels=("kick", "snare"), channels=2)
    synthesizer = Synthesizer.from_pretrained(folder, trust_code=True)
    assert synthesizer.labels == ("kick", "snare")
    assert (synthesizer.sample_rate, synthesizer.channels) == (RATE, 2)
    expected = made(("kick", "snare"), channels=2).sample(3, seed=1)
    assert torch.equal(synthesizer.sample(3, seed=1), expected)
    assert wavegan.Synthesizer is Synthesizer


def test_synthesizers_and_vocoders_refuse_each_others_models(
    tmp_path: Path, save_tiny: Callable[[Path], Path]
) -> None:
    with pytest.raises(UserError, match=r"task synthesize.* use Synthesizer, or wavegan generate"):
        Vocoder.from_pretrained(
            saved(tmp_path / "sounds", {"name": f"{__name__}:Tiny"}), trust_code=True
        )
    (tmp_path / "voice").mkdir()
    with pytest.raises(UserError, match=r"task vocode.* use Vocoder, or wavegan vocode"):
        Synthesizer.from_pretrained(save_tiny(tmp_path / "voice"))
    with pytest.raises(UserError, match="device banana"):
        Synthesizer.from_pretrained(tmp_path / "sounds", device="banana", trust_code=True)


def test_there_are_no_seams_where_windows_join_or_loops_wrap(seams: ModuleType) -> None:
    figures = seams.measure(made(), 24)
    for kind in ("windows of long sounds", "wrap of loops", "wrap of long loops"):
        assert figures[kind]["jump_above"] <= 0.05, kind
        assert figures[kind]["flux_above"] <= 0.05, kind
    control = figures["control: clips end to end"]
    assert control["jump_above"] > 0.8
    assert control["flux_above"] > 0.5


def test_the_packaged_wavegan_makes_sounds_loops_and_long_ones(
    tmp_path: Path, seams: ModuleType
) -> None:
    folder = saved(
        tmp_path,
        {"name": "wavegan", "dim": 2, "latent_dim": 8},
        labels=("a", "b"),
        segment=4096,
    )
    synthesizer = Synthesizer.from_pretrained(folder, trust_code=True)
    clips = synthesizer.sample(3, seed=1)
    assert clips.shape == (3, 1, 4096)
    assert torch.equal(synthesizer.sample(1, seed=1, first=2)[0], clips[2])
    assert synthesizer.sample(1, seed=1, seconds=1.3).shape == (1, 1, 10400)
    figures = seams.measure(synthesizer, 8, times=2.0)
    for kind in ("windows of long sounds", "wrap of loops", "wrap of long loops"):
        assert figures[kind]["jump_largest"] <= 1, kind
        assert figures[kind]["flux_above"] <= 0.05, kind


def test_every_clip_of_a_network_trained_on_loops_is_one(tmp_path: Path) -> None:
    plain = {"name": "wavegan", "dim": 2, "latent_dim": 8}
    for name, options in (("plain", {}), ("loops", {"circular": True})):
        folder = saved(tmp_path / name, plain | options, segment=4096)
        synthesizer = Synthesizer.from_pretrained(folder, trust_code=True)
        same = torch.equal(synthesizer.sample(2, seed=1, loop=True), synthesizer.sample(2, seed=1))
        assert same == (name == "loops")


@pytest.mark.parametrize("name", ["tiny", "wavegan", "specgan"])
def test_a_loop_played_twice_is_the_loop_of_a_walk_gone_twice(tmp_path: Path, name: str) -> None:
    synthesizer = made()
    if name != "tiny":
        options = {"name": name, "dim": 2, "latent_dim": 6}
        synthesizer = Synthesizer.from_pretrained(saved(tmp_path, options, segment=16384))
    walk = torch.stack([synthesizer.latent(seed)[0] for seed in (1, 2, 3)])[None]
    once = synthesizer(walk, loop=True)
    twice = synthesizer(torch.cat([walk, walk], 1), loop=True)
    assert twice.shape[-1] == 2 * once.shape[-1]
    loudest = once.abs().max()
    assert loudest > 1e-4
    torch.testing.assert_close(twice, once.repeat(1, 1, 2), rtol=0, atol=1e-3 * float(loudest))


def test_more_than_memory_is_meant_to_hold_is_refused_before_it_is_made() -> None:
    synthesizer = made()
    for ask in (
        lambda: synthesizer.sample(10**9, seed=0),
        lambda: synthesizer.interpolate(0, 1, 10**9),
    ):
        with pytest.raises(UserError, match=r"is 1000000000: .*\d+ clips of 1024 samples"):
            ask()
    with pytest.raises(UserError, match=r"seconds is 1e\+09, .* at most 2097 at 8000 Hz"):
        synthesizer.sample(seed=0, seconds=1e9)
    with pytest.raises(UserError, match=r"seconds is 0\.005, .* at least 0\.01"):
        synthesizer.sample(seed=0, seconds=0.005)
