"""The mel front-end as a value object with every field that changes a number, checked on creation.

It does not import torch: `MelSpectrogram`, which computes the mel, is in `wavegan.mel.spectrogram`.
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
        sample_rate: sample rate of the analysed wave, Hz.
        n_fft: transform length, samples; even.
        hop_length: samples from frame to frame.
        win_length: length of the Hann window, samples; centred in the transform.
        n_mels: number of bands.
        f_min: lower edge of the lowest band, Hz.
        f_max: upper edge of the highest band, Hz; None: half of the filter bank's rate.
        mel_scale: "slaney" (linear below 1 kHz) or "htk".
        mel_norm: "slaney": each band has unit area over Hz; None: peaks of 1.
        filterbank_rate: the sample rate the filter bank is built for, Hz, if a project uses another
            one than the wave's; None: `sample_rate`.
        power: 1 for magnitudes, 2 for powers.
        magnitude_eps: added to the power before the root.
        magnitude_floor: smallest power before the root (and before `magnitude_eps`).
        log: "ln", "log10", or "db" (20 log10 of magnitudes, 10 log10 of powers).
        floor: keeps the logarithm finite: smallest band value, or a number added to all values.
        floor_mode: "clamp" or "add".
        padding: "same" pads `n_fft - hop_length` in total and gives floor(T / hop) frames; "center"
            pads n_fft / 2 on each side and gives 1 + floor(T / hop).
        pad_mode: "reflect" or "zero".
        periodic: whether the Hann window is periodic (True) or symmetric (False).
        mean: subtracted from the logarithm: one number, one per band, or None.
        scale: then the result is divided by this: one number, one per band, or None.
        clip: (lowest, highest) value after that, or None.
        mask_last: value that overwrites the last frame, or None.
        precision: dtype of the computation. In nearly empty bands, such as the highest bands of
            upsampled speech, the logarithm shows float32's rounding; projects that use numpy
            compute in float64.
        layout: axis order that the project's own code uses: "frames_last" (n_mels, L) or
            "frames_first" (L, n_mels). Only adapters and mel files use it: inside wavegan, frames
            are last.
        output_rate: sample rate of the audio a vocoder makes from this mel, Hz; None:
            `sample_rate`.

    Raises:
        UserError: a field is out of range or contradicts another; names them and the nearest value
            that works.
    """

    def __post_init__(self) -> None:
        for name, convert in checks.CONVERSIONS.items():
            object.__setattr__(self, name, convert(name, getattr(self, name)))
        if self.f_max is None:
            object.__setattr__(self, "f_max", self.bank_rate / 2)
        checks.check(self)

    def convert(self, mel: "Tensor", to: "Mel") -> "Tensor":
        """Convert a mel of this front-end to exactly the mel that `to` makes from the same audio.

        The front-ends must have the same bands. The logarithm's base and the statistics are
        exchanged, a floor is raised, a clip narrowed, the last frame masked. A conversion with
        lost values, such as those under a floor, is refused. Differentiable.

        Args:
            mel: (..., n_mels, L) of whole clips, frames last for any `layout`.
            to: the wanted front-end. Its `layout` and `output_rate` are ignored.

        Returns:
            (..., n_mels, L), float32 (float64 for float64); `mel` itself if nothing changes.

        Raises:
            UserError: `differences` is not empty (all are listed), or the shape does not fit.
        """
        return conversion.convert(mel, self, to)

    def differences(self, other: "Mel") -> list[str]:
        """The differences that `convert` cannot bridge: one text per field, with both values."""
        return conversion.differences(self, other)

    @classmethod
    def preset(cls, name: str) -> "Mel":
        """The front-end of a published system, by name.

        Raises:
            UserError: the preset does not exist; suggests the nearest name.
        """
        if not isinstance(name, str) or name not in PRESETS:
            raise UserError(f"there is no mel preset {name!r}{suggest(str(name), PRESETS)}")
        return cls(**PRESETS[name])

    @staticmethod
    def preset_names() -> list[str]:
        """All preset names, sorted."""
        return sorted(PRESETS)

    def to_dict(self) -> dict[str, Any]:
        """Every field, in types for JSON and YAML."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Mel":
        """The inverse of `to_dict`; missing fields get their defaults.

        Raises:
            UserError: a field is unknown (suggests the nearest one), or a value does not fit.
        """
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise UserError(f"mel.{key}: no such field{suggest(str(key), known)}")
        return cls(**values)
