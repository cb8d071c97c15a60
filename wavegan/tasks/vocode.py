"""Vocoding: log-mel spectrogram in, its waveform out."""

from torch import Tensor, nn

from wavegan.conditions import MEL, NO_CONDITION, Conditions
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.tasks.base import Generated, Task


class Vocode(Task):
    """The generator reconstructs real audio from its mel spectrogram.

    Args:
        mel: the front-end. It runs on the audio's device; nothing is precomputed.
        channels: number of audio channels, which has to be 1.

    Raises:
        UserError: more than one channel, or a front-end with another output rate.
    """

    generator_base = MelGenerator
    conditions = frozenset({MEL})
    opened_by = "wavegan.inference.vocoder:Vocoder"
    command = "vocode"
    example = (
        "from wavegan import Vocoder\n\n"
        'vocoder = Vocoder.from_pretrained("this/folder")\n'
        "audio = vocoder(mel)  # (..., n_mels, L) -> (..., T)\n"
    )

    def __init__(self, mel: Mel, channels: int = 1) -> None:
        super().__init__()
        if channels != 1:
            raise UserError(f"audio.channels is {channels}: the task vocode is mono; set it to 1")
        if mel.audio_rate != mel.sample_rate:
            raise UserError(
                f"mel.output_rate is {mel.audio_rate}, but mel.sample_rate is {mel.sample_rate}: "
                "the task vocode trains at one rate; set mel.output_rate to null"
            )
        self.front_end = MelSpectrogram(mel)

    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        """Vocode `(B, 1, T)`; if the output is shorter, the reference is cut to its length.

        A mel among the conditions replaces the audio's own as input. The output is still compared
        with the audio.
        """
        mel = conditions[MEL] if MEL in conditions else self.front_end(audio[:, 0])
        fake = generator(mel)
        length = min(fake.shape[-1], audio.shape[-1])
        fake, real = fake[..., :length], audio[..., :length]
        return Generated(fake=fake, real=real, estimate=fake, reference=real)

    def measured_with(self) -> Mel:
        """The front-end of the generator's input."""
        return self.front_end.mel
