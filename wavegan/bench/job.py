"""The calls that are timed: a vocoder's or a sound generator's own public call."""

import math
from collections.abc import Callable
from itertools import repeat
from typing import NamedTuple

import torch
from torch import Tensor

from wavegan.bench.opened import Model
from wavegan.bench.setting import Setting
from wavegan.bench.signal import voice
from wavegan.inference.vocoder import Vocoder

CHUNK = 0.1
"""Seconds of each piece of a stream of mels."""
SHORT = 0.25
"""Seconds of a short mel."""
SEED = 0


class Job(NamedTuple):
    """A call and what it makes.

    Attributes:
        call: runs the model.
        audio: seconds of audio that it makes, all items together.
    """

    call: Callable[[], object]
    audio: float


def job(model: Model, setting: Setting) -> Job:
    """One call with a whole batch: mels in memory to audio, or latents to clips."""
    if isinstance(model, Vocoder):
        mel = some_mel(model, setting.seconds or 0.0).expand(setting.batch, -1, -1).contiguous()
        samples = model.generator.output_length(mel.shape[-1])
        return Job(lambda: model(mel), setting.batch * samples / model.sample_rate)
    seconds = setting.seconds
    own = model.seconds if seconds is None else seconds
    return Job(lambda: model.sample(setting.batch, seed=SEED, seconds=seconds), setting.batch * own)


def first_of_stream(model: Model) -> Job | None:
    """From the start of a stream of mels until its first samples; None where there is no stream."""
    if not isinstance(model, Vocoder) or model.reach is None:
        return None
    frames = max(round(CHUNK * model.sample_rate / model.hop_length), 1)
    chunk = some_mel(model, frames * model.hop_length / model.sample_rate)
    return Job(lambda: next(model.stream(repeat(chunk))), CHUNK)


def first_of_short(model: Model) -> Job:
    """A short mel, or a single clip."""
    if isinstance(model, Vocoder):
        mel = some_mel(model, SHORT)
        return Job(lambda: model(mel), mel.shape[-1] * model.hop_length / model.sample_rate)
    return Job(lambda: model.sample(1, seed=SEED), model.seconds)


def some_mel(vocoder: Vocoder, seconds: float) -> Tensor:
    """The mel `(n_mels, L)` of a synthetic voice, by the model's own front-end."""
    frames = max(math.ceil(seconds * vocoder.sample_rate / vocoder.hop_length), 1)
    # the network may make audio of a higher rate than the front-end takes
    made = vocoder.mel(voice(seconds + 1, vocoder.mel_config.sample_rate))
    return made[:, :frames].contiguous()


def synchronized(device: torch.device) -> None:
    """Wait until a device has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
