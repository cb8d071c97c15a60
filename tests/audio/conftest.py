"""Files in formats that libsndfile cannot write, made with PyAV."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Encode = Callable[..., Path]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Encodes `(T,)` float32 into a file with one or more audio tracks; skips without PyAV."""
    av = pytest.importorskip("av", reason="PyAV is not installed: pip install wavegan[formats]")

    def encoded(
        path: Path,
        wave: NDArray[np.float32],
        rate: int,
        codec: str = "aac",
        container: str | None = None,
        tracks: int = 1,
    ) -> Path:
        with av.open(str(path), "w", format=container) as output:
            streams = [output.add_stream(codec, rate=rate, layout="mono") for _ in range(tracks)]
            for stream in streams:
                context = stream.codec_context
                if not context.is_open:
                    context.open()
                resampler = av.AudioResampler(
                    format=context.format, layout="mono", rate=rate, frame_size=context.frame_size
                )
                frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
                frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
                for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                    for packet in stream.encode(piece):
                        output.mux(packet)
                for packet in stream.encode(None):
                    output.mux(packet)
        return path

    return encoded
