"""The engine: whatever happens to a network, its audio is what plain torch computes from it."""

import copy
import math
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from wavegan import Mel, Synthesizer, UserError, Vocoder
from wavegan.generators.base import MelGenerator
from wavegan.generators.hifigan import HiFiGAN
from wavegan.generators.melgan import MelGAN
from wavegan.generators.phase_retrieval import PhaseRetrieval
from wavegan.generators.source_filter import SourceFilter
from wavegan.generators.stylewave import StyleWave
from wavegan.generators.wavegan import WaveGAN
from wavegan.inference import half
from wavegan.inference.engine import engine as engines
from wavegan.inference.engine import kernels
from wavegan.inference.engine.packing import Packing
from wavegan.inference.engine.running import Running
from wavegan.inference.engine.survey import survey

pytestmark = pytest.mark.filterwarnings("ignore:mel values:RuntimeWarning")
FRONT_END = Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None)
SPEECH = torch.randn(2, 8, 90, generator=torch.Generator().manual_seed(3)) - 7


def network() -> HiFiGAN:
    torch.manual_seed(0)
    return HiFiGAN(
        n_mels=8, upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8], upsample_initial_channel=64
    )


@pytest.fixture
def vocoder() -> Vocoder:
    return Vocoder(network(), FRONT_END)


def plainly(vocoder: Vocoder, mel: Tensor = SPEECH) -> Tensor:
    """Computed without the engine."""
    with torch.no_grad():
        made: Tensor = vocoder.generator(mel)[:, 0]
    return made


def close(made: Tensor, expected: Tensor, share: float = 1e-5) -> bool:
    return bool((made - expected).abs().max() <= share * expected.abs().max())


LAYERS: dict[str, Callable[[Tensor], Tensor]] = {
    "plain": nn.Conv1d(16, 24, 3),
    "padded, dilated": nn.Conv1d(16, 24, 5, padding=4, dilation=2),
    "wider than what is packed for": nn.Conv1d(16, 24, 3, dilation=200, padding=190),
    "strided": nn.Conv1d(16, 24, 4, stride=3, bias=False),
    "groups": nn.Conv1d(16, 32, 3, groups=4),
    "depthwise": nn.Conv1d(16, 16, 7, padding=3, groups=16),
    "one channel out": nn.Conv1d(16, 1, 7, padding=3),
    "padding by name": nn.Conv1d(16, 24, 4, padding="same"),
    "reflected": nn.Conv1d(16, 24, 5, padding=2, padding_mode="reflect"),
    "wrapped": nn.Conv1d(16, 24, 5, padding=2, padding_mode="circular"),
    "replicated": nn.Sequential(nn.Conv1d(16, 16, 1), nn.ReplicationPad1d((3, 0))),
    "zeros before": nn.Sequential(nn.Conv1d(16, 16, 1), nn.ConstantPad1d((3, 1), 0.5)),
    "transposed": nn.ConvTranspose1d(16, 24, 8, 4, 2),
    "transposed, more at the end": nn.ConvTranspose1d(16, 24, 5, 3, 1, output_padding=1),
    "transposed, groups": nn.ConvTranspose1d(16, 32, 4, 2, groups=16),
    "transposed, dilated": nn.ConvTranspose1d(16, 24, 3, 2, dilation=2),
    "linear": lambda x: nn.Linear(16, 24).requires_grad_(False)(x.transpose(1, 2)),
    "by keywords": lambda x: functional.conv1d(
        input=x, weight=torch.ones(4, 16, 3), stride=(2,), padding=(1,)
    ),
    "two dimensions": lambda x: functional.conv2d(x[:, None], torch.ones(3, 1, 3, 3)),
    "without batch": lambda x: functional.conv1d(x[0], torch.ones(4, 16, 3))[None],
    "no samples": lambda x: functional.linear(x[:, :, :0].transpose(1, 2), torch.ones(24, 16)),
}


@pytest.mark.parametrize("private", [True, False], ids=["packed by oneDNN", "public operations"])
@pytest.mark.parametrize("name", LAYERS)
@torch.no_grad()
def test_each_kind_of_layer(name: str, private: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not private:
        monkeypatch.setattr(kernels, "_agree", lambda: False)
    layer = LAYERS[name]
    for shape in ((1, 16, 100), (1, 500, 16), (3, 16, 1100), (2, 40, 16)):
        x = torch.randn(shape) if shape[1] == 16 else torch.randn(shape).mT
        torch.manual_seed(0)
        expected = layer(x)
        packing = Packing(layer if isinstance(layer, nn.Module) else nn.Module())
        for _ in range(2):
            torch.manual_seed(0)
            with Running(packing, torch.float32):
                made = layer(x)
            torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv1d(16, 24, 3), (1, 8, 100)),
        (nn.Conv1d(16, 24, 9), (1, 16, 5)),
        (nn.ConvTranspose1d(16, 24, 4), (1, 8, 100)),
        (nn.Linear(16, 24), (1, 8)),
    ],
)
@torch.no_grad()
def test_what_does_not_fit_is_refused_by_torch_itself(
    layer: nn.Module, shape: tuple[int, ...]
) -> None:
    with pytest.raises(RuntimeError) as plain:
        layer(torch.zeros(shape))
    with pytest.raises(RuntimeError) as packed, Running(Packing(layer), torch.float32):
        layer(torch.zeros(shape))
    assert str(packed.value) == str(plain.value)


def test_double_precision_and_gradients_are_left_alone() -> None:
    layer = nn.Conv1d(16, 24, 3).double()
    x = torch.randn(1, 16, 100, dtype=torch.float64)
    with Running(Packing(layer), torch.float32):
        assert torch.equal(layer(x), functional.conv1d(x, layer.weight, layer.bias))
        with torch.enable_grad():
            layer(x).sum().backward()
    assert layer.weight.grad is not None


def test_torch_still_has_the_private_operations() -> None:
    """If this fails with a new torch, everything works, but slower: adapt `kernels.py`."""
    assert kernels._agree()


def test_one_that_was_changed_is_packed_again(vocoder: Vocoder) -> None:
    before = vocoder(SPEECH)
    with torch.no_grad():
        vocoder.generator.conv_pre.weight.mul_(2)
    assert close(vocoder(SPEECH), plainly(vocoder))
    assert not close(vocoder(SPEECH), before, 0.01)
    torch.manual_seed(1)
    other = Vocoder(HiFiGAN(n_mels=8, upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8],
                            upsample_initial_channel=64), FRONT_END)  # fmt: skip
    vocoder.generator.load_state_dict(other.generator.state_dict())
    assert torch.equal(vocoder(SPEECH), other(SPEECH))
    vocoder.generator.conv_pre.weight = nn.Parameter(torch.zeros(64, 8, 7), requires_grad=False)
    assert close(vocoder(SPEECH), plainly(vocoder))
    vocoder.generator.conv_pre.weight.data = torch.ones(64, 8, 7)
    assert close(vocoder(SPEECH), plainly(vocoder))


def test_buffers_count_as_weights_and_what_is_computed_does_not() -> None:
    class Net(MelGenerator):
        hop_length = 1
        local = True
        taps: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))
            self.register_buffer("taps", torch.randn(5)[None, None])

        def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
            spread = functional.conv1d(mel, self.taps.expand(8, -1, -1), padding=2, groups=8)
            computed = mel.mean() * self.scale * torch.ones(1, 8, 3)
            return functional.conv1d(spread, computed, padding=1)

    vocoder = Vocoder(Net(), FRONT_END)
    for shift in (0, 1, 2, 1, 0):
        assert close(vocoder(SPEECH + shift), plainly(vocoder, SPEECH + shift))
    packing = vocoder.engine._packing
    assert len(packing._entries) == 1
    vocoder.generator.taps.mul_(3)
    assert close(vocoder(SPEECH), plainly(vocoder))


def test_weights_of_a_dead_network_are_not_taken_for_anothers() -> None:
    packing = Packing(nn.Module())
    for seed in range(50):
        torch.manual_seed(seed)
        layer = nn.Conv1d(16, 16, 3).requires_grad_(False)
        x = torch.randn(1, 16, 80)
        expected = layer(x)
        with Running(packing, torch.float32):
            assert close(layer(x), expected)
        del layer


def test_iterations_without_layers_are_not_redirected() -> None:
    torch.manual_seed(0)
    iterative = Vocoder(PhaseRetrieval(FRONT_END, width=16, layers=1), FRONT_END)
    assert survey(iterative.generator, iterative.run_example).few_layers
    assert torch.equal(iterative(SPEECH), plainly(iterative))
    plain = Vocoder(network(), FRONT_END)
    assert not survey(plain.generator, plain.run_example).few_layers


def test_what_is_saved_is_the_network_alone(vocoder: Vocoder) -> None:
    keys = {name: value.clone() for name, value in vocoder.generator.state_dict().items()}
    size = len(pickle.dumps(vocoder))
    expected = vocoder(SPEECH)
    half = Vocoder(vocoder.generator, FRONT_END, precision="bfloat16")(SPEECH)
    now = vocoder.generator.state_dict()
    assert now.keys() == keys.keys()
    assert all(torch.equal(now[name], value) for name, value in keys.items())
    assert all(value.dtype == torch.float32 for value in now.values())
    assert len(pickle.dumps(vocoder)) == pytest.approx(size, rel=0.01)
    for other in (copy.deepcopy(vocoder), pickle.loads(pickle.dumps(vocoder))):
        assert torch.equal(other(SPEECH), expected)
        assert other.engine.network is other.generator
    fast = Vocoder(vocoder.generator, FRONT_END, precision="bfloat16")
    assert torch.equal(pickle.loads(pickle.dumps(fast))(SPEECH), half)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_threads_share_one_vocoder(precision: Any) -> None:
    vocoder = Vocoder(network(), FRONT_END, precision=precision)
    mels = [SPEECH[:, :, : 70 + 5 * (number % 4)] for number in range(16)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(vocoder, mels))
    fresh = Vocoder(network(), FRONT_END, precision=precision)
    assert all(torch.equal(one, fresh(mel)) for one, mel in zip(made, mels, strict=True))


def test_what_another_thread_does_meanwhile_is_not_redirected(vocoder: Vocoder) -> None:
    layer, x = nn.Conv1d(64, 64, 3).bfloat16(), torch.randn(1, 64, 200).bfloat16()
    expected = layer(x)
    with ThreadPoolExecutor(2) as pool, vocoder.engine._mode("bfloat16"):
        assert torch.equal(pool.submit(layer, x).result(), expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forking is a thing of POSIX")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_makes_the_same(vocoder: Vocoder, tmp_path: Path) -> None:
    # torch's OpenMP does not survive a fork if it ran with several threads
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        expected = vocoder(SPEECH)
        child = os.fork()
        if child == 0:
            torch.save(vocoder(SPEECH), tmp_path / "made.pt")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(torch.load(tmp_path / "made.pt"), expected)


@pytest.mark.parametrize(
    "state",
    [torch.inference_mode, lambda: torch.autocast("cpu", torch.bfloat16), torch.enable_grad],
    ids=["inference mode", "autocast", "gradients"],
)
def test_a_network_built_and_first_run_inside_a_callers_state(state: Callable[[], Any]) -> None:
    expected = Vocoder(network(), FRONT_END)(SPEECH)
    with state():
        vocoder = Vocoder(network(), FRONT_END)
        inside = vocoder(SPEECH)
    assert torch.equal(inside, expected)
    assert torch.equal(vocoder(SPEECH), expected)


@pytest.mark.parametrize("wrong", ["double", "fp16", 16, None])
def test_an_unknown_precision_is_refused(wrong: Any) -> None:
    with pytest.raises(UserError, match=f"precision {wrong!r}"):
        Vocoder(network(), FRONT_END, precision=wrong)


def test_float16_is_for_gpus(tmp_path: Path, save_tiny: Callable[..., Path]) -> None:
    vocoder = Vocoder(network(), FRONT_END, precision="float16")
    for use in (lambda: vocoder(SPEECH), lambda: vocoder.to("cpu"), lambda: vocoder.precision_used):
        with pytest.raises(UserError, match="float16"):
            use()
    with pytest.raises(UserError, match="float16"):
        Vocoder.from_pretrained(save_tiny(tmp_path), precision="float16")


class TestBfloat16:
    def test_is_near_float32_with_ends_in_float32(self, vocoder: Vocoder) -> None:
        fast = Vocoder(vocoder.generator, FRONT_END, precision="bfloat16")
        assert fast.precision == fast.precision_used == "bfloat16"
        expected, made = vocoder(SPEECH), fast(SPEECH)
        assert made.dtype == torch.float32
        assert not torch.equal(made, expected)
        assert close(made, expected, 0.03)
        # rounding to bfloat16 leaves 8 bits: samples of the last layer have more
        assert not torch.equal(made, made.bfloat16().float())

    def test_first_and_last_layers_by_the_order_they_run(self) -> None:
        net = Vocoder(network(), FRONT_END)
        names = survey(net.generator, net.run_example).ends
        assert set(names) == {"conv_pre.weight", "conv_post.weight"}
        bands = Vocoder(MelGAN(n_mels=8, upsample_rates=[2, 2], bands=4), FRONT_END)
        last = survey(bands.generator, bands.run_example).ends
        # the last learned layer makes four bands, which a fixed filter joins
        assert len(last) == 3
        assert any(name in dict(bands.generator.named_buffers()) for name in last)

    def test_narrow_inputs_are_computed_in_float32(self, vocoder: Vocoder) -> None:
        packing = vocoder.engine._packing
        conv = nn.Conv1d(64, 64, 3).requires_grad_(False)
        for samples in (63, 64):
            x = torch.randn(1, 64, samples)
            with Running(packing, torch.float32):
                exact = conv(x)
            with Running(packing, torch.bfloat16):
                made = conv(x)
            # the type of a result does not depend on the length
            assert made.dtype == torch.bfloat16
            assert torch.equal(made, exact.bfloat16()) == (samples < 64)

    def test_cpus_without_onednns_kernels_use_torchs(
        self, vocoder: Vocoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kernels, "_runs_in", lambda dtype: False)
        fast = Vocoder(vocoder.generator, FRONT_END, precision="bfloat16")
        assert close(fast(SPEECH), vocoder(SPEECH), 0.03)

    def test_slow_cpus_warn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("wavegan.inference.engine.precision.bfloat16_speedup", lambda: 0.1)
        with pytest.warns(UserWarning, match=r"bfloat16.*10\.0"):
            Vocoder(network(), FRONT_END, precision="bfloat16")(SPEECH)


class TestAuto:
    @pytest.fixture
    def fast(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A CPU that is fast in bfloat16, whatever it is."""
        monkeypatch.setattr(engines, "bfloat16_speedup", lambda: 3.0)
        monkeypatch.setattr(half, "FASTER", 0)

    @pytest.fixture
    def auto(self) -> Vocoder:
        return Vocoder(network(), FRONT_END, precision="auto")

    @pytest.mark.usefixtures("fast")
    def test_is_bfloat16_where_it_sounds_the_same(
        self, auto: Vocoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(half, "SAME", math.inf)
        assert (auto.precision, auto.precision_used) == ("auto", "bfloat16")
        expected = Vocoder(auto.generator, FRONT_END, precision="bfloat16")(SPEECH)
        assert torch.equal(auto(SPEECH), expected)

    @pytest.mark.usefixtures("fast")
    def test_is_float32_where_it_does_not(
        self, auto: Vocoder, vocoder: Vocoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(half, "SAME", 0.0)
        assert auto.precision_used == "float32"
        assert torch.equal(auto(SPEECH), vocoder(SPEECH))

    def test_is_float32_where_bfloat16_is_slow(
        self, auto: Vocoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engines, "bfloat16_speedup", lambda: 1.1)
        monkeypatch.setattr(half, "FASTER", 0)
        monkeypatch.setattr(half, "SAME", math.inf)
        assert auto.precision_used == "float32"

    @pytest.mark.usefixtures("fast")
    def test_is_float32_where_an_operation_has_no_bfloat16(
        self, auto: Vocoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> float:
            raise RuntimeError("not implemented for BFloat16")

        monkeypatch.setattr(half, "difference", fail)
        assert auto.precision_used == "float32"

    @pytest.mark.usefixtures("fast")
    def test_is_float32_for_sounds_so_that_seeds_keep_their_clips(self) -> None:
        torch.manual_seed(0)
        net = WaveGAN(segment=512, dim=2, latent_dim=8, kernel_size=5)
        assert Synthesizer(net, 8000, precision="auto").precision_used == "float32"

    def test_the_test_is_of_audible_speech_like_sound(self) -> None:
        wave = half.vowel(16000)
        assert wave.shape == (12000,)
        assert wave.abs().max() == pytest.approx(1)
        assert wave[:400].abs().max() < 0.05
        assert wave[6000:6400].square().mean().sqrt() > 0.1


OPERATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "two types in a convolution": lambda x: functional.conv2d(x[:, None], torch.ones(2, 1, 1, 3)),
    "two types in a product": lambda x: torch.ones(3, 64) @ x,
    "two types by name": lambda x: torch.einsum("bct,cd->bdt", x, torch.ones(64, 5)),
    "a Fourier transform": lambda x: torch.fft.rfft(x).abs(),
    "an inverse": lambda x: torch.linalg.inv(x[:, :32, :32] + 50 * torch.eye(32).bfloat16()),
}


@pytest.mark.parametrize("name", OPERATIONS)
@torch.no_grad()
def test_operations_without_half_types_get_float32(name: str) -> None:
    torch.manual_seed(0)
    layer, x = nn.Conv1d(64, 64, 3), torch.randn(1, 64, 100)
    with Running(Packing(layer), torch.bfloat16):
        half = layer(x)
        made = OPERATIONS[name](half)
    assert half.dtype == torch.bfloat16
    expected = OPERATIONS[name](half.float())
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)


def test_errors_stay_errors_in_half_types() -> None:
    with (
        pytest.raises(RuntimeError, match="shape"),
        Running(Packing(nn.Module()), torch.bfloat16),
    ):
        torch.ones(3, 4).bfloat16() @ torch.ones(3, 4).bfloat16()


@pytest.mark.parametrize("make", [StyleWave, SourceFilter])
def test_every_kind_of_sound_runs_in_bfloat16(make: Any) -> None:
    torch.manual_seed(0)
    rate = {"sample_rate": 8000} if make is SourceFilter else {}
    net = make(segment=8192, latent_dim=8, **rate)
    exact, fast = Synthesizer(net, 8000), Synthesizer(net, 8000, precision="bfloat16")
    first, second = exact.sample(1, seed=1), fast.sample(1, seed=1)
    assert second.dtype == torch.float32
    assert second.isfinite().all()
    assert first.shape == second.shape
    assert not torch.equal(first, second)


def test_sounds_run_in_bfloat16_when_asked() -> None:
    torch.manual_seed(0)
    net = WaveGAN(segment=2048, dim=8, latent_dim=8)
    exact, fast = Synthesizer(net, 8000), Synthesizer(net, 8000, precision="bfloat16")
    first, second = exact.sample(2, seed=1), fast.sample(2, seed=1)
    assert not torch.equal(first, second)
    assert close(second, first, 0.05)


COMPILED = """
import pickle, torch
from wavegan import Mel, Vocoder
from wavegan.generators.hifigan import HiFiGAN

front_end = Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None)
torch.manual_seed(0)
net = HiFiGAN(
    n_mels=8, upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8], upsample_initial_channel=32,
    resblock="2", resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
)
speech = torch.randn(2, 8, 90) - 7
plain = Vocoder(net, front_end)
for precision, share in (("float32", 1e-5), ("bfloat16", 0.03)):
    fast = Vocoder(net, front_end, precision=precision, compile=True)
    for mel in (speech[:1], speech[..., :70]):
        made, expected = fast(mel), plain(mel)
        assert (made - expected).abs().max() <= share * expected.abs().max(), precision
    copy = pickle.loads(pickle.dumps(fast))
    assert torch.equal(copy(speech[:1]), fast(speech[:1])), precision
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_is_the_same() -> None:
    """In a program of its own: what measures coverage changes the code that is compiled."""
    ended = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
