"""The same samples make the same bytes, whenever they are written."""

import io
import time

import numpy as np
import pytest
import soundfile

from wavegan.audio import encoding
from wavegan.audio.timeless import timeless

KINDS = [("wav", "FLOAT"), ("wav", "PCM_16"), ("flac", None), ("ogg", None), ("opus", None)]


def wave() -> np.ndarray:
    """Two channels of a tone in noise, of several pages of Ogg."""
    noise = 0.02 * np.random.default_rng(0).standard_normal((2, 96000))
    return (noise + 0.5 * np.sin(np.arange(96000) / 20)).astype(np.float32)


def encode(kind: str, subtype: str | None) -> bytes:
    return encoding.encode(wave(), 48000, format=kind, subtype=subtype, tags={"title": "t"})[0]


def test_bytes_are_the_same_later(monkeypatch: pytest.MonkeyPatch) -> None:
    first = {kind: encode(*kind) for kind in KINDS}
    monkeypatch.setattr(encoding, "timeless", lambda _file, _container: None)
    raw = {kind: encode(*kind) for kind in KINDS}
    time.sleep(1.1)  # libsndfile asks for whole seconds
    changed = [kind for kind in KINDS if encode(*kind) != raw[kind]]
    monkeypatch.undo()
    assert {kind: encode(*kind) for kind in KINDS} == first
    # else this would be a test of nothing
    assert ("wav", "FLOAT") in changed
    assert ("ogg", None) in changed


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
def test_readers_find_all_of_it(kind: str, subtype: str | None) -> None:
    """libogg drops pages whose checksum is wrong."""
    with soundfile.SoundFile(io.BytesIO(encode(kind, subtype))) as sound:
        assert sound.frames == 96000
        assert sound.title == "t"
        error = np.abs(sound.read(dtype="float32").T - wave())
    lossy = kind in ("ogg", "opus")
    assert error.mean() < (0.05 if lossy else 1e-4)


def test_what_is_no_such_file_comes_back_as_it_is() -> None:
    for data in (b"", b"RIFF", b"OggS", b"RIFF\x00\x00\x00\x00WAVEfmt "):
        for container in ("WAV", "OGG", "FLAC"):
            file = io.BytesIO(data)
            timeless(file, container)
            assert file.getvalue() == data
