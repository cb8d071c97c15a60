"""The mel front-end as a value: every field that changes a number, checked when it is made.

No torch: `MelSpectrogram`, which computes what a `Mel` describes, is in `wavegan.mel.spectrogram`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from wavegan.errors import UserError, suggest
from wavegan.mel import checks
from wavegan.mel import convert as conversion
from wavegan.mel.fields import MelFields
from wavegan.mel.presets import PRESETS

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Mel(MelFields):
    """A mel front-end; the defaults are HiFi-GAN's (Kong et al. 2020) for 22.05 kHz.

        wave → pad → STFT → magnitude → mel bands → floor, logarithm → normalise → (n_mels, L)

    Args:
        sample_rate: of the wave that is analysed, Hz.
        n_fft: transform length, samples; even.
        hop_length: samples from frame to frame.
        win_length: Hann window, samples; centred in the transform.
        n_mels: number of bands.
        f_min: lower edge of the lowest band, Hz.
        f_max: upper edge of the highest band, Hz; None becomes half of the bank's rate.
        mel_scale: "slaney" (linear below 1 kHz) or "htk".
        mel_norm: "slaney" gives each band unit area per Hz, None peaks of 1.
        filterbank_rate: the rate the bank is built for, Hz, where a project built it for another
            than the wave's; None is `sample_rate`.
        power: 1 for magnitudes, 2 for powers.
        magnitude_eps: added to the power before the root.
        magnitude_floor: smallest power before the root (and before `magnitude_eps`).
        log: "ln", "log10", or "db" (20 log10 of magnitudes, 10 log10 of powers).
        floor: keeps the logarithm finite: smallest band value, or what is added to it.
        floor_mode: "clamp" or "add".
        padding: "same" pads `n_fft - hop_length` in all and gives floor(T / hop) frames; "center"
            pads n_fft / 2 a side and gives 1 + floor(T / hop).
        pad_mode: "reflect" or "zero".
        periodic: whether the Hann window is periodic; False is symmetric.
        mean: subtracted from the logarithm: one number, one per band, or None.
        scale: then divided by: likewise.
        clip: (lowest, highest) value after that, or None.
        mask_last: the value that the last frame is overwritten with, or None.
        precision: what the transform is computed in. Where bands are nearly empty, as those above
            what upsampled speech has, the logarithm shows float32's rounding; projects that
            compute with numpy have none.
        layout: what the project's own code exchanges: "frames_last" (n_mels, L) or "frames_first"
            (L, n_mels). Only for adapters at the edge: inside, frames are last.
        output_rate: rate of the audio a vocoder makes of this mel, Hz; None is `sample_rate`.

    Raises:
        UserError: a field out of range or at odds with another; the message names both and the
            nearest value that works.
    """

    def __post_init__(self) -> None:
        for name, convert in checks.CONVERSIONS.items():
            object.__setattr__(self, name, convert(name, getattr(self, name)))
        if self.f_max is None:
            object.__setattr__(self, "f_max", self.bank_rate / 2)
        checks.check(self)

    def convert(self, mel: "Tensor", to: "Mel") -> "Tensor":
        """A mel of this front-end as `to` would have made it of the same audio, exactly.

        Between front-ends whose bands are the same the logarithm's base and the statistics are
        exchanged, a floor is raised, a clip narrowed, a last frame masked. Nothing is guessed:
        what is lost, such as values under a floor, is refused. Differentiable.

        Args:
            mel: (..., n_mels, L) of whole clips, frames last whatever `layout` says.
            to: the wanted front-end. Its `layout` and `output_rate` do not matter.

        Returns:
            (..., n_mels, L), float32 (float64 for float64); `mel` itself if nothing changes.

        Raises:
            UserError: all that `differences` has, or a shape that does not fit.
        """
        return conversion.convert(mel, self, to)

    def differences(self, other: "Mel") -> list[str]:
        """What stands in the way of `convert`, one text per field with both values; maybe none."""
        return conversion.differences(self, other)

    @classmethod
    def preset(cls, name: str) -> "Mel":
        """The front-end of a published system, by name.

        Raises:
            UserError: no such preset; the message has the nearest name.
        """
        if not isinstance(name, str) or name not in PRESETS:
            raise UserError(f"no mel preset {name!r}{suggest(str(name), PRESETS)}")
        return cls(**PRESETS[name])

    @staticmethod
    def preset_names() -> list[str]:
        """All names that `preset` knows, sorted."""
        return sorted(PRESETS)

    def to_dict(self) -> dict[str, Any]:
        """Every field, as JSON and YAML can hold it."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Mel":
        """The inverse of `to_dict`; fields left out have their defaults.

        Raises:
            UserError: an unknown field (with the nearest known one) or a value that does not fit.
        """
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise UserError(f"mel.{key}: no such field{suggest(str(key), known)}")
        return cls(**values)
