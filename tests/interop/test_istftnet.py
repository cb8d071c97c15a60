"""iSTFTNet's folders: distinguished from HiFi-GAN's, read with discriminators, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan import bundle
from wavegan.discriminators.mpd import MultiPeriod
from wavegan.discriminators.msd import MultiScale
from wavegan.errors import UserError
from wavegan.generators.istftnet import ISTFTNet
from wavegan.interop.base import recognise
from wavegan.interop.istftnet import ISTFTNetLayout
from wavegan.mel.front_end import Mel
from wavegan.weights import load_strictly

CONFIG: dict[str, Any] = {
    "resblock": "1",
    "upsample_rates": [8, 8],
    "upsample_kernel_sizes": [16, 16],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 2, 4]],
    "gen_istft_n_fft": 16,
    "gen_istft_hop_size": 4,
    "segment_size": 8192,
    "num_mels": 80,
    "n_fft": 1024,
    "hop_size": 256,
    "win_size": 1024,
    "sampling_rate": 22050,
    "fmin": 0,
    "fmax": 8000,
    "fmax_for_loss": None,
}
OURS: dict[str, Any] = {
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 2, 4]],
}


def old_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """As weight norm and spectral norm named them when the public code was written."""
    spectral = {key.split(".parametrizations")[0] for key in weights if key.endswith("._u")}
    made = {}
    for key, value in weights.items():
        module, _, rest = key.partition(".parametrizations.weight.")
        names = {"original0": "weight_g", "original1": "weight_v"}
        if module in spectral:
            names = {"original": "weight_orig", "0._u": "weight_u", "0._v": "weight_v"}
        made[f"{module}.{names[rest]}" if rest else key] = value
    return made


def written(folder: Path, changes: dict[str, Any], **options: Any) -> ISTFTNet:
    torch.manual_seed(0)
    net = ISTFTNet(**{**OURS, **options}).eval()
    (folder / "config.json").write_text(json.dumps({**CONFIG, **changes}))
    torch.save({"generator": old_names(net.state_dict())}, folder / "g_00000010")
    return net


@torch.no_grad()
def test_same_output_and_front_end(tmp_path: Path) -> None:
    net = written(tmp_path, {})
    config, loaded = bundle.load(tmp_path)
    mel = torch.randn(2, 80, 5)
    expected = net(mel)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(loaded(mel), expected, rtol=0, atol=1e-6)
    assert config.mel == Mel.preset("hifigan-22k")
    assert config.peak == 0.95


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        (
            {"resblock": "2", "resblock_dilation_sizes": [[1, 2, 9], [2, 6]]},
            {"resblock": "2", "resblock_dilation_sizes": [[1, 2], [2, 6]]},
        ),
        ({"resblock": 1}, {"resblock": "2", "resblock_dilation_sizes": [[1, 3], [1, 2]]}),
        ({"resblock_dilation_sizes": [[1, 3, 5, 7], [1, 2, 4], [9, 9, 9]]}, {}),
        (
            {
                "upsample_rates": [8], "upsample_kernel_sizes": [16, 16],
                "gen_istft_n_fft": 128, "gen_istft_hop_size": 32, "fmax": None,
            },
            {
                "upsample_rates": [8], "upsample_kernel_sizes": [16],
                "istft_n_fft": 128, "istft_hop_length": 32,
            },
        ),
    ],
)  # fmt: skip
@torch.no_grad()
def test_settings_as_the_public_code_takes_them(
    tmp_path: Path, changes: dict[str, Any], options: dict[str, Any]
) -> None:
    """It pairs lists, takes 3 or 2 dilations of each, and for the number 1 builds block 2."""
    net = written(tmp_path, changes, **options)
    _, loaded = bundle.load(tmp_path)
    mel = torch.randn(1, 80, 5)
    torch.testing.assert_close(loaded(mel), net(mel), rtol=0, atol=1e-6)


def test_found_by_folder_or_file_the_highest_step_first(tmp_path: Path) -> None:
    written(tmp_path, {})
    for name in ("g_9", "g_00000002", "do_00000099"):
        torch.save({}, tmp_path / name)
    find = ISTFTNetLayout().find
    assert find(tmp_path) == find(tmp_path / "config.json") == tmp_path / "g_00000010"
    assert find(tmp_path / "g_00000002") == tmp_path / "g_00000002"
    assert find(tmp_path / "do_00000099") is None
    (tmp_path / "g_00000002").unlink()
    assert find(tmp_path / "g_00000002") is None


def test_files_of_others_are_not_claimed(tmp_path: Path, shared: Path) -> None:
    find = ISTFTNetLayout().find
    assert find(tmp_path) is None
    written(tmp_path, {})
    for text in ("{", "[]", json.dumps({k: v for k, v in CONFIG.items() if "gen_" not in k})):
        (tmp_path / "config.json").write_text(text)
        assert find(tmp_path) is None
    for folder in (shared / "golden").iterdir():
        assert find(folder) is None


def test_discriminators_of_the_same_step(tmp_path: Path) -> None:
    written(tmp_path, {})
    period = MultiPeriod(layer_channels=[4, 4])
    scale = MultiScale(layer_channels=[16] * 7)
    saved = {"mpd": old_names(period.state_dict()), "msd": old_names(scale.state_dict())}
    assert any(key.endswith("weight_orig") for key in saved["msd"])
    torch.save({**saved, "steps": 10}, tmp_path / "do_00000010")
    without = recognise(tmp_path)
    assert without is not None
    assert not without.discriminators
    foreign = recognise(tmp_path, discriminators=True)
    assert foreign is not None
    assert set(foreign.discriminators) == {"mpd", "msd"}
    for discriminator, name in ((MultiPeriod(layer_channels=[4, 4]), "mpd"),
                        (MultiScale(layer_channels=[16] * 7), "msd")):  # fmt: skip
        load_strictly(discriminator, foreign.discriminators[name], tmp_path)
        expected = {"mpd": period, "msd": scale}[name].state_dict()
        assert all(
            torch.equal(value, expected[key]) for key, value in discriminator.state_dict().items()
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subbands": 4}, "config.json: subbands is 4: only plain iSTFTNet, with 1, can be read"),
        ({"F0_path": "JDC/bst.t7"}, "config.json: F0_path is 'JDC/bst.t7': only plain iSTFTNet"),
        ({"center": True}, "center is True"),
        ({"mel_scale": "htk"}, "mel_scale is 'htk'"),
        ({"hop_size": 300}, r"hop_length 300 is not 256, .*istft_hop_length 4: set .*\[15, 5\]"),
        ({"upsample_kernel_sizes": [16, 15]}, r"upsample_kernel_sizes \[16, 15\] does not fit"),
        ({"resblock_dilation_sizes": 3}, "resblock_dilation_sizes"),
        ({"n_fft": 1023}, "config.json: .*n_fft"),
    ],
)
def test_settings_that_are_not_offered(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    written(tmp_path, changes)
    with pytest.raises(UserError, match=message) as refused:
        bundle.load(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / "config.json"))


def test_missing_field_and_foreign_weights(tmp_path: Path) -> None:
    net = written(tmp_path, {})
    (tmp_path / "config.json").write_text(
        json.dumps({k: v for k, v in CONFIG.items() if k != "gen_istft_hop_size"})
    )
    with pytest.raises(UserError, match=r"config\.json: has no field 'gen_istft_hop_size'"):
        bundle.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    extra = {"m_source.l_linear.weight": torch.ones(1, 1)}
    torch.save({"generator": old_names(net.state_dict()) | extra}, tmp_path / "g_00000010")
    with pytest.raises(UserError, match=r"g_00000010: weights do not fit .* \"m_source"):
        bundle.load(tmp_path)
