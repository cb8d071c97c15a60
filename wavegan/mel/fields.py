"""What a mel front-end is, in fields: what checks and conversions look at."""

from dataclasses import dataclass
from typing import Literal

from wavegan.audio.framing import PadMode, frame_count


@dataclass(frozen=True)
class MelFields:
    """The fields of a `Mel`, which explains them, and what follows from them; not checked."""

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
        """The rate that the filter bank is built for, Hz."""
        return self.filterbank_rate or self.sample_rate

    @property
    def audio_rate(self) -> int:
        """The rate of the audio that a vocoder makes of this mel, Hz."""
        return self.output_rate or self.sample_rate

    @property
    def samples_per_frame(self) -> int:
        """What a vocoder's upsampling must multiply to: samples at `audio_rate` for a frame."""
        return self.hop_length * self.audio_rate // self.sample_rate

    def frames(self, samples: int) -> int:
        """How many frames a wave of `samples` samples gives (see `frame_count`)."""
        return frame_count(samples, self.hop_length, self.padding)
