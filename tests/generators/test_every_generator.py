"""What every generator must do; the tests of a single one are in its own file."""

import inspect
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from wavegan import plugins
from wavegan.generators.base import Generator, LatentGenerator
from wavegan.inference import pieces
from wavegan.inference.engine.engine import Engine
from wavegan.inference.noise import NoiseStream
from wavegan.inference.streaming import MelStream
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.front_end import Mel

Options = dict[str, Any]


class Sizes(NamedTuple):
    """Options that set how long the audio is, and what they must make of L frames.

    Attributes:
        options: of the constructor.
        hop_length: samples per frame.
        fewer: frames that the ends cost.
    """

    options: Options
    hop_length: int
    fewer: int = 0


class Case(NamedTuple):
    """One generator, small.

    Attributes:
        options: that make it small.
        variants: further options by name; each is tested in every way.
        sizes: what lengths are tested with.
        fewest: frames that it takes; reflection at the ends needs some.
        unused: parameters that no output depends on.
        rough: how much of the energy bfloat16 may change.
        float32: variants whose last step stays float32 inside autocast.
        rtol, atol: between an item of a batch and its own run.
    """

    options: Options
    sizes: st.SearchStrategy[Sizes]
    variants: Mapping[str, Options] = {"plain": {}}
    fewest: int = 1
    unused: frozenset[str] = frozenset()
    rough: float = 1e-3
    float32: frozenset[str] = frozenset()
    rtol: float = 1.3e-6
    atol: float = 1e-5


def stages(most: int, longest: int, extra: int) -> st.SearchStrategy[tuple[Options, int]]:
    """Rates up to `most` for up to `longest` stages, and kernels wider by even numbers."""
    pairs = st.lists(
        st.tuples(st.integers(1, most), st.integers(0, extra)), min_size=1, max_size=longest
    )
    return pairs.map(
        lambda stages: (
            {
                "upsample_rates": [rate for rate, _ in stages],
                "upsample_kernel_sizes": [rate + 2 * more for rate, more in stages],
                "upsample_initial_channel": 2 * 2 ** len(stages),
            },
            math.prod(rate for rate, _ in stages),
        )
    )


def rates(least: int, most: int, *, shortest: int = 1, longest: int) -> Any:
    return st.lists(st.integers(least, most), min_size=shortest, max_size=longest)


@st.composite
def istftnet_sizes(draw: st.DrawFn) -> Sizes:
    # one frame that is not lengthened is too short to be reflected
    options, hop = draw(stages(4, 2, 3).filter(lambda made: made[1] > 1))
    inverse, more = draw(st.integers(1, 5)), draw(st.integers(0, 4))
    return Sizes(
        {**options, "istft_hop_length": inverse, "istft_n_fft": 2 * (inverse + more)},
        hop * inverse,
    )


@st.composite
def melgan_sizes(draw: st.DrawFn) -> Sizes:
    chosen, bands = draw(rates(2, 9, longest=4)), draw(st.integers(1, 4))
    options = {
        "upsample_rates": chosen,
        "upsample_initial_channel": 16,
        "residual_layers": draw(st.integers(0, 3)),
        "bands": bands,
    }
    return Sizes(options, math.prod(chosen) * bands)


PADDINGS = st.sampled_from(["center", "same"])
BLOCKS: Options = {
    "n_mels": 4,
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 2]],
}
TABLE = {
    "bigvgan": Case(
        BLOCKS,
        stages(6, 3, 3).map(lambda made: Sizes(*made)),
        {
            "snakebeta": {"use_tanh_at_final": False},
            "snake": {"use_tanh_at_final": False, "activation": "snake"},
            "snakebeta, blocks 2": {"use_tanh_at_final": False, "resblock": "2"},
            "snake, blocks 2": {
                "use_tanh_at_final": False,
                "activation": "snake",
                "resblock": "2",
            },
            "tanh": {},
        },
    ),
    "hifigan": Case(
        BLOCKS,
        stages(9, 4, 5).map(lambda made: Sizes(*made)),
        {"blocks 1": {}, "blocks 2": {"resblock": "2"}, "causal": {"causal": True}},
    ),
    "istftnet": Case(
        BLOCKS,
        istftnet_sizes(),
        {
            "blocks 1": {},
            "blocks 2": {
                "upsample_rates": [3],
                "upsample_kernel_sizes": [7],
                "resblock": "2",
                "istft_n_fft": 12,
                "istft_hop_length": 3,
            },
        },
        float32=frozenset({"blocks 1", "blocks 2"}),
    ),
    "melgan": Case(
        {
            "n_mels": 4,
            "upsample_rates": [4, 2],
            "upsample_initial_channel": 32,
            "residual_layers": 2,
        },
        melgan_sizes(),
        {"one band": {}, "four bands": {"bands": 4}, "causal": {"causal": True}},
        fewest=5,
        rough=0.01,  # fresh weights are nearly silent, so rounding weighs more
        float32=frozenset({"four bands"}),  # the bank that joins bands
    ),
    "parallel_wavegan": Case(
        {
            "n_mels": 4,
            "noise_channels": 2,
            "layers": 4,
            "stacks": 2,
            "residual_channels": 6,
            "gate_channels": 8,
            "skip_channels": 5,
            "upsample_rates": [3, 2],
        },
        st.builds(
            lambda chosen, window, causal: Sizes(
                {"upsample_rates": chosen, "aux_context_window": window, "causal": causal},
                math.prod(chosen),
            ),
            rates(1, 7, shortest=0, longest=4),
            st.integers(0, 3),
            st.booleans(),
        ),
        {
            "plain": {},
            "active": {"upsample_activation": "leaky_relu", "freq_axis_kernel_size": 3},
        },
        # the last layer hands nothing on
        unused=frozenset(
            f"wavenet.blocks.3.residual.{name}"
            for name in (
                "bias",
                "parametrizations.weight.original0",
                "parametrizations.weight.original1",
            )
        ),
    ),
    "phase_retrieval": Case(
        {"mel": Mel(), "width": 16, "layers": 1, "iterations": 4, "training_iterations": 4},
        st.builds(
            lambda hop, padding: Sizes(
                {"mel": Mel(hop_length=hop, padding=padding)}, hop, padding == "center"
            ),
            st.integers(200, 300),
            PADDINGS,
        ),
        rough=0.01,  # iterations amplify rounding
        float32=frozenset({"plain"}),
        rtol=1e-3,
    ),
    "stylemelgan": Case(
        {
            "n_mels": 4,
            "noise_channels": 5,
            "width": 6,
            "kernel_size": 5,
            "noise_upsample_rates": [3, 2],
            "upsample_rates": [2, 1, 3],
        },
        st.builds(
            lambda chosen, noise: Sizes(
                {"upsample_rates": chosen, "noise_upsample_rates": noise}, math.prod(chosen)
            ),
            rates(1, 5, longest=4),
            rates(2, 5, longest=3),
        ),
        {
            "softmax": {},
            "softmax, linear": {"upsample_mode": "linear"},
            "sigmoid, linear": {"upsample_mode": "linear", "gated_function": "sigmoid"},
        },
    ),
    "univnet": Case(
        {
            "n_mels": 4,
            "upsample_rates": [4, 2],
            "hidden_channels": 4,
            "noise_channels": 3,
            "kernel_sizes": [3, 5],
            "dilations": [[1, 3], [1, 2, 9]],
            "predictor_channels": 6,
        },
        rates(2, 7, longest=3).map(
            lambda chosen: Sizes(
                {
                    "upsample_rates": chosen,
                    "kernel_sizes": [3] * len(chosen),
                    "dilations": [[1, 3]] * len(chosen),
                },
                math.prod(chosen),
            )
        ),
        fewest=4,
    ),
    "vocos": Case(
        {
            "n_mels": 4,
            "dim": 16,
            "intermediate_dim": 40,
            "num_layers": 2,
            "n_fft": 64,
            "hop_length": 20,
        },
        st.builds(
            lambda hop, padding: Sizes(
                {"hop_length": hop, "padding": padding}, hop, padding == "center"
            ),
            st.integers(1, 63),
            PADDINGS,
        ),
        {"center": {"padding": "center"}, "same": {"padding": "same"}},
        float32=frozenset({"center", "same"}),
    ),
}
EACH = [
    pytest.param(name, variant, id=f"{name}-{variant}")
    for name, case in TABLE.items()
    for variant in case.variants
]


def parameters_of(name: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(plugins.find("generators", name)).parameters


def build(name: str, **options: Any) -> Generator:
    torch.manual_seed(0)
    made = {**TABLE[name].options, **options}
    net: Generator = plugins.find("generators", name)(**made)
    return net


def made(name: str, variant: str) -> Generator:
    return build(name, **TABLE[name].variants[variant])


def inputs(net: Generator, name: str, frames: int, batch: int = 2) -> list[Tensor]:
    """Mels as loud as speech's, and noise where it takes some."""
    options = TABLE[name].options
    bands = options["mel"].n_mels if "mel" in options else options["n_mels"]
    given = [torch.randn(batch, bands, frames) - (4 if "mel" in options else 0)]
    shape = net.noise_shape(frames)
    return given if shape is None else [*given, torch.randn(batch, *shape)]


def test_every_generator_is_here() -> None:
    """Generators of latents are in `test_every_latent_generator.py`."""
    names = plugins.names("generators")
    of_mels = [n for n in names if not issubclass(plugins.find("generators", n), LatentGenerator)]
    assert sorted(TABLE) == of_mels


@pytest.mark.parametrize("name", TABLE)
@settings(deadline=None, max_examples=40)
@given(data=st.data(), more=st.integers(0, 6), channels=st.integers(1, 2))
@torch.no_grad()
def test_audio_is_as_long_as_it_says(
    name: str, data: st.DataObject, more: int, channels: int
) -> None:
    options, hop, fewer = data.draw(TABLE[name].sizes)
    if "channels" in parameters_of(name):
        options = {**options, "channels": channels}
    net, frames = build(name, **options), TABLE[name].fewest + more
    audio = net(*inputs(net, name, frames))
    assert net.hop_length == hop
    assert net.output_length(frames) == (frames - fewer) * hop
    assert audio.shape == (2, options.get("channels", 1), net.output_length(frames))


@pytest.mark.parametrize("name", TABLE)
def test_it_is_built_without_memory_at_its_published_size(name: str) -> None:
    """Counting parameters and loading weights build it so."""
    needed = {"mel": Mel()} if "mel" in parameters_of(name) else {}
    with torch.device("meta"):
        net = plugins.find("generators", name)(**needed)
    assert {parameter.device.type for parameter in net.parameters()} == {"meta"}
    assert 0 < net.output_length(8) <= 8 * net.hop_length


@pytest.mark.parametrize(("name", "variant"), EACH)
def test_gradients_reach_every_parameter(name: str, variant: str) -> None:
    net = made(name, variant)
    net(*inputs(net, name, 9)).square().mean().backward()
    unused = {key for key, parameter in net.named_parameters() if parameter.grad is None}
    assert unused == TABLE[name].unused
    for key, parameter in net.named_parameters():
        if parameter.grad is not None:
            assert parameter.grad.isfinite().all(), key
            assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_bfloat16_autocast_stays_close(name: str, variant: str) -> None:
    case = TABLE[name]
    net = made(name, variant)
    given = inputs(net, name, 16)
    exact = net(*given)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(*given)
    assert rough.dtype is (torch.float32 if variant in case.float32 else torch.bfloat16)
    error = (rough.float() - exact).square().mean() / exact.square().mean()
    assert 0 < error < case.rough


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_folding_weight_norm_changes_nothing(name: str, variant: str) -> None:
    net = made(name, variant).eval()
    for key, parameter in net.named_parameters():
        if key.endswith("original0"):
            parameter.mul_(0.5 + torch.rand_like(parameter))
    given = inputs(net, name, 9)
    before = net(*given)
    assert (fold_weight_norm(net)(*given) - before).abs().max() <= 1e-6
    assert not [key for key in net.state_dict() if "parametrizations" in key]


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_each_item_of_a_batch_is_what_it_is_alone(name: str, variant: str) -> None:
    net, case = made(name, variant).eval(), TABLE[name]
    given = inputs(net, name, 9, batch=3)
    together = net(*given)
    assert not torch.allclose(together[1], together[2], rtol=0.1)
    for item in range(3):
        alone = net(*(each[item : item + 1] for each in given))
        torch.testing.assert_close(together[item], alone[0], rtol=case.rtol, atol=case.atol)


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_only_noise_that_was_not_given_is_random(name: str, variant: str) -> None:
    """It is drawn from torch's global generator."""
    net = made(name, variant).eval()
    mel, *noise = inputs(net, name, 9)
    state = torch.get_rng_state()
    assert torch.equal(net(mel, *noise), net(mel, *noise))
    assert torch.equal(torch.get_rng_state(), state)
    drawn = net(mel)
    if not noise:
        assert torch.equal(torch.get_rng_state(), state)
        return
    torch.set_rng_state(state)
    assert torch.equal(drawn, net(mel, torch.randn_like(noise[0])))
    assert not torch.equal(drawn, net(mel))


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_a_long_mel_in_pieces_is_the_whole(
    name: str, variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = made(name, variant).eval()
    mel, *noise = inputs(net, name, 401)
    given = noise[0] if noise else None
    alone = [[each[item : item + 1] for each in (mel, *noise)] for item in range(2)]
    whole = torch.cat([net(*one)[:, 0] for one in alone])
    known = pieces.reach(net, mel.shape[1])
    assert (known is not None) == net.local
    monkeypatch.setattr(pieces, "SAMPLES", 50 * net.hop_length)
    made_of, decoded = [], net.forward
    monkeypatch.setattr(net, "forward", lambda m, *n: made_of.append(m.shape) or decoded(m, *n))
    cut = pieces.decode(Engine(net), mel, given, known)
    # iterations of Griffin-Lim amplify how products of few frames are rounded
    atol = 1e-4 if name == "phase_retrieval" else 1.2e-6
    torch.testing.assert_close(cut, whole, rtol=0, atol=atol)
    lengths = [shape[2] for shape in made_of]
    assert max(lengths) < 401 if net.local else set(lengths) == {401}
    assert {shape[0] for shape in made_of} == {1}


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_the_engine_computes_what_the_network_does(name: str, variant: str) -> None:
    net, case = made(name, variant).eval(), TABLE[name]
    given = inputs(net, name, 96)
    plain, engine = net(*given), Engine(net, example=lambda: net(*given))
    for _ in range(2):
        packed = engine(*given)
        # iterations of Griffin-Lim amplify rounding
        atol = 1e-4 if name == "phase_retrieval" else 5e-6
        torch.testing.assert_close(packed, plain, rtol=0, atol=atol)
    half = engine.at("bfloat16", *given)
    assert half.dtype == torch.float32
    if name != "phase_retrieval":
        assert (half - plain).square().sum() <= max(case.rough, 1e-3) * plain.square().sum()


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_a_stream_is_the_whole(name: str, variant: str) -> None:
    net = made(name, variant).eval()
    mel, *noise = inputs(net, name, 201)
    whole, known = net(mel, *noise)[:, 0], pieces.reach(net, mel.shape[1])
    if known is None:
        assert not net.local
        return
    each = pieces.noise_per_frame(net)
    drawn = NoiseStream(net, 0, iter(noise[0].split(17, -1))) if each and noise else None
    stream = MelStream(Engine(net), known, drawn)
    parts, frames, done = [], 0, 0
    for count in (1, 2, 40, 1, 30, 0, 100, 27):
        part = stream.push(mel[..., frames : frames + count])
        frames, done = frames + count, done + part.shape[-1]
        parts.append(part)
        # nothing is held back that is final
        assert done == max(frames - known.after, 0) * net.hop_length or frames < 64
    parts.append(stream.finish())
    streamed = torch.cat(parts, -1)
    # iterations of Griffin-Lim amplify rounding
    share = 1e-4 if name == "phase_retrieval" else 1e-5
    torch.testing.assert_close(streamed, whole, rtol=0, atol=share * float(whole.abs().max()))


@pytest.mark.parametrize(
    ("name", "variant"),
    [each for each in EACH if each.values[0] not in ("stylemelgan", "phase_retrieval")],
)
def test_how_far_it_looks_is_where_its_gradients_end(name: str, variant: str) -> None:
    """The receptive field is measured with NaN, and here by derivatives.

    Phases of `phase_retrieval` have none.
    """
    net = made(name, variant).eval()
    mel, *noise = (each[:1] for each in inputs(net, name, 96))
    mel.requires_grad_()
    hop, middle = net.hop_length, 48
    audio = net(mel, *noise)[0, 0, middle * hop : (middle + 1) * hop]
    # each sample by itself: derivatives of a sum may cancel
    slopes = [torch.autograd.grad(s, mel, retain_graph=True)[0].abs().sum((0, 1)) for s in audio]
    touched = torch.stack(slopes).sum(0).nonzero()[:, 0]
    known = pieces.reach(net, mel.shape[1])
    assert known is not None
    before, after = middle - int(touched[0]), int(touched[-1]) - middle
    assert before <= known.before <= before + 1
    assert after <= known.after <= after + 1


@pytest.mark.parametrize("name", [name for name in TABLE if "mel_mean" in parameters_of(name)])
@torch.no_grad()
def test_statistics_come_first(name: str) -> None:
    plain = build(name).eval()
    other = build(name, mel_mean=[-1, -2, -3, -4], mel_std=[1, 2, 3, 4]).eval()
    other.load_state_dict(plain.state_dict())
    mel, *noise = inputs(plain, name, 8)
    numbers = torch.tensor([1.0, 2, 3, 4])[:, None]
    torch.testing.assert_close(other(numbers * mel - numbers, *noise), plain(mel, *noise))
    assert not torch.allclose(other(mel, *noise), plain(mel, *noise), atol=1e-4)


@pytest.mark.parametrize("name", TABLE)
def test_what_is_saved_are_the_parameters_alone(name: str) -> None:
    """Filter banks, windows and statistics follow from the options."""
    net = build(name)
    assert list(net.state_dict()) == [key for key, _ in net.named_parameters()]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        (name, field)
        for name in TABLE
        for field in ("n_mels", "channels")
        if field in parameters_of(name)
    ],
)
def test_less_than_one_band_or_channel_is_refused(refused: Any, name: str, field: str) -> None:
    cls = plugins.find("generators", name)
    refused(cls, {**TABLE[name].options, field: 0}, rf"\b{field} 0\b.*at least 1")
