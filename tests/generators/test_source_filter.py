"""The source-filter generator: pitches, filters, loops, what it has learnt of the data."""

from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators._source_filter.voices import PACE
from wavegan.generators.source_filter import SourceFilter

RATE = 8000
SMALL: dict[str, Any] = {
    "sample_rate": RATE,
    "segment": 4096,
    "latent_dim": 8,
    "dim": 8,
    "dense_dim": 16,
    "bands": 12,
}


def build(**options: Any) -> SourceFilter:
    torch.manual_seed(0)
    return SourceFilter(**{**SMALL, **options}).eval()


def say(net: SourceFilter, pitch: float, voiced: float, noise: float) -> None:
    """Make its output constant in time: a curve of the pitch, and levels in deviations."""
    with torch.no_grad():
        net.filters.weight.zero_()
        assert net.filters.bias is not None
        bands = net.channels * net.shapes.shape[1]
        net.filters.bias[:-bands], net.filters.bias[-bands:] = voiced, noise
        if net.pitch is not None:
            assert net.pitch.bias is not None
            net.pitch.weight.zero_()
            net.pitch.bias.fill_(pitch / PACE)
            net.pitch.starts.zero_()


def test_it_has_as_many_weights_as_its_layers_add_up_to() -> None:
    """Of `digits-cpu`: labels, two dense layers, convolutions, pitches, filters."""

    def conv(above: int, below: int, kernel: int) -> int:
        return above * below * kernel + below

    dim, positions, stages = 192, 6144 // 512, 3
    count = 10 * 64 + conv(64 + 64, 256, 1) + conv(256, dim * positions, 1)
    count += conv(dim, dim, 3) + stages * (conv(dim, 2 * dim, 3) + conv(dim, dim, 5))
    count += conv(dim, 1, 1) + conv(dim, 2 * 32, 1)
    with torch.device("meta"):
        net = SourceFilter(sample_rate=RATE, segment=6144, n_labels=10)
    assert sum(parameter.numel() for parameter in net.parameters()) == count == 1_967_361


def levels(net: SourceFilter, audio: Tensor) -> Tensor:
    """Mean deviation of each bin but the outermost two: `(bins,)`."""
    return net.spectrogram.normalized(audio).mean((0, 1, 3))[2:-2]


@torch.no_grad()
def test_white_noise_comes_out_as_loud_as_it_says() -> None:
    """The spectrogram of its output is the data's mean plus that many deviations."""
    net = build(voices=0)
    net.fit([torch.randn(8, 1, 4096) / 10])
    for level in (0.0, -1.0):
        say(net, 0, 0, level)
        made = levels(net, torch.cat([net(torch.ones(1, 8)) for _ in range(20)]))
        torch.testing.assert_close(made, torch.full_like(made, level), rtol=0, atol=0.2)


@torch.no_grad()
def test_the_pitch_is_where_it_says() -> None:
    """Curves of 0, and of ln 3 (three quarters of the way), between 100 and 400 Hz."""
    net = build(pitch_min=100, pitch_max=400)
    for curve, hertz in ((0.0, 200.0), (1.0986, 282.84)):
        say(net, curve, 0, -9)
        made = net(torch.ones(1, 8))[0, 0] * torch.hann_window(4096)
        spectrum = torch.fft.rfft(made, 65536).abs()
        peak = spectrum[: int(1.5 * hertz / RATE * 65536)].argmax() * RATE / 65536
        assert float(peak) == pytest.approx(hertz, abs=0.5)


@torch.no_grad()
def test_sines_have_no_overtones() -> None:
    net = build(overtones=1, pitch_min=390, pitch_max=410)
    say(net, 0, 0, -9)
    spectrum = torch.fft.rfft(net(torch.ones(1, 8))[0, 0] * torch.hann_window(4096)).abs()
    tone = round(400 / RATE * 4096)
    assert spectrum[tone - 10 : tone + 10].max() > 300 * spectrum[tone + 100 :].max()


@torch.no_grad()
def test_voices_sound_at_once_and_channels_share_them() -> None:
    net = build(voices=2, channels=2, pitch_min=100, pitch_max=1000, overtones=1)
    say(net, 0, 0, -9)
    assert net.pitch is not None
    assert net.pitch.bias is not None
    net.pitch.bias[:] = torch.tensor([-1.0, 1.0]) / PACE
    share = torch.sigmoid(torch.tensor([-1.0, 1.0]))
    spectrum = torch.fft.rfft(net(torch.ones(1, 8))[0] * torch.hann_window(4096)).abs()
    for hertz in 100 * 10**share:
        tone = round(float(hertz) / RATE * 4096)
        assert (spectrum[:, tone - 1 : tone + 2].amax(1) > 0.2 * spectrum.amax(1)).all()
    assert torch.corrcoef(net(torch.ones(1, 8))[0])[0, 1] > 0.99


@torch.no_grad()
def test_levels_are_the_datas() -> None:
    """Fitted to quiet clips it is quiet: what it says is in units of the data."""
    net = build(voices=0)
    say(net, 0, 0, 0)
    quiet = 1e-1 * torch.randn(8, 1, 4096)
    net.fit([quiet])
    made = net(torch.ones(8, 8))
    assert made.std().item() == pytest.approx(0.1, rel=0.05)


@torch.no_grad()
@pytest.mark.parametrize("circular", [False, True])
def test_a_loop_wraps(circular: bool) -> None:
    """If map, noise and walk are rolled by a frame, the loop is the same, rolled."""
    net = build(circular=circular, n_labels=2)
    walk, noise = torch.randn(1, 4, 8), torch.randn(1, 1, 8 * net.hop_length * 2)
    label = torch.tensor([1])
    made = net(walk, label, noise=[noise], positions=16, loop=True)
    jump = (made[..., 0] - made[..., -1]).abs()
    inside = made.diff().abs().flatten().sort().values
    assert jump < inside[int(0.999 * len(inside))]
    # the pulses begin at the first sample whatever comes after: noise alone rolls exactly
    say(net, 0, -30, 0)
    first = net(walk, label, noise=[noise], positions=16, loop=True)
    rolled = net(walk, label, noise=[noise.roll(640, 2)], positions=16, loop=True)
    torch.testing.assert_close(rolled, first.roll(640, 2), rtol=0, atol=1e-4)


@torch.no_grad()
def test_labels_may_be_notes() -> None:
    """A4, and the A below it by its number; an octave higher than half the rate is refused."""
    net = build(pitch_from="labels", n_labels=2, labels=["A4", "57"])
    say(net, 0, 0, -9)
    for label, hertz in enumerate((440, 220)):
        made = net(torch.ones(1, 8), torch.tensor([label]))[0, 0] * torch.hann_window(4096)
        peak = torch.fft.rfft(made, 65536).abs()[: int(1.5 * hertz / RATE * 65536)].argmax()
        assert float(peak) * RATE / 65536 == pytest.approx(hertz, abs=0.5)
    with pytest.raises(UserError, match="highest of them is 4186 Hz"):
        build(pitch_from="labels", n_labels=2, labels=["A4", "C8"])
    with pytest.raises(UserError, match="'kick' is not a note"):
        build(pitch_from="labels", n_labels=2, labels=["A4", "kick"])
    with pytest.raises(UserError, match="the data has none"):
        build(pitch_from="labels")


def test_gradients_of_a_spectrum_reach_the_pitch() -> None:
    """A step along the gradient brings the pitch nearer to a given one."""
    net = build(pitch_min=100, pitch_max=400).train()
    say(net, 0.05, 0, -9)
    assert net.pitch is not None
    assert net.pitch.bias is not None
    noise = [torch.zeros(1, 1, 4096)]
    with torch.no_grad():
        wanted = net.spectrogram.logarithm(net(torch.ones(1, 8), noise=noise))
    say(net, 0.0, 0, -9)
    made = net.spectrogram.logarithm(net(torch.ones(1, 8), noise=noise))
    (made - wanted).square().mean().backward()
    assert net.pitch.bias.grad is not None
    assert float(net.pitch.bias.grad) < 0  # upwards, to 0.05


def test_peaks_beyond_full_scale_are_kept() -> None:
    net = build()
    say(net, 0, 4, 4)
    noise = [torch.zeros(1, 1, 4096)]
    made = net(torch.ones(1, 8), noise=noise)
    assert made.abs().max() > 1
    assert torch.equal(made, net.train()(torch.ones(1, 8), noise=noise))


def test_noise_of_another_shape_is_refused() -> None:
    with pytest.raises(UserError, match=r"noise.*\(1, 1, 4096\)"):
        build()(torch.ones(1, 8), noise=[torch.zeros(1, 1, 4095)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segment": 4100}, r"segment 4100 .*use 4096"),
        ({"pitch_max": 4000.0}, r"pitch_max 4000.*below 4000"),
        ({"pitch_min": 500.0}, r"pitch_min 500"),
        ({"kernel_size": 4}, r"kernel_size 4.*use 5"),
        ({"bands": 1}, r"bands 1"),
        ({"voices": -1}, r"voices -1"),
        ({"overtones": 0}, r"overtones 0"),
        ({"stages": 0}, r"stages 0"),
        ({"spec_hop_length": 200}, r"spec_n_fft 256.*use 400"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(**{"segment": 4800, **options} if "spec_hop_length" in options else options)
