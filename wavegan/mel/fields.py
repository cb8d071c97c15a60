"""The fields of a mel front-end, as checks and conversions use them."""

from dataclasses import dataclass
from typing import Literal

from wavegan.audio.framing import PadMode, frame_count


@dataclass(frozen=True)
class MelFields:
    """The fields of a `Mel` (see there) and values that follow from them; not checked."""

    sample_rate: int = 22050
    n_fft: int = 1024
    hop_length: int = 256
    win_length: int = 1024
    n_mels: int = 80
    f_min: float = 0.0
    f_max: float | None = 8000.0
    mel_scale: Literal["slaney", "htk"] = "slaney"
    mel_norm: Literal["slaney"] | None = "slaney"
    filterbank_rate: int | None = None
    power: int = 1
    magnitude_eps: float = 1e-9
    magnitude_floor: float = 0.0
    log: Literal["ln", "log10", "db"] = "ln"
    floor: float = 1e-5
    floor_mode: Literal["clamp", "add"] = "clamp"
    padding: Literal["same", "center"] = "same"
    pad_mode: PadMode = "reflect"
    periodic: bool = True
    mean: float | tuple[float, ...] | None = None
    scale: float | tuple[float, ...] | None = None
    clip: tuple[float, float] | None = None
    mask_last: float | None = None
    precision: Literal["float32", "float64"] = "float32"
    layout: Literal["frames_last", "frames_first"] = "frames_last"
    output_rate: int | None = None

    @property
    def bank_rate(self) -> int:
        """The sample rate that the filter bank is built for, Hz."""
        return self.filterbank_rate or self.sample_rate

    @property
    def audio_rate(self) -> int:
        """The sample rate of the audio that a vocoder makes from this mel, Hz."""
        return self.output_rate or self.sample_rate

    @property
    def samples_per_frame(self) -> int:
        """Samples at `audio_rate` per frame: the product of a vocoder's upsampling factors."""
        return self.hop_length * self.audio_rate // self.sample_rate

    def frames(self, samples: int) -> int:
        """Number of frames of a wave with `samples` samples (see `frame_count`)."""
        return frame_count(samples, self.hop_length, self.padding)
