"""Which mel belongs to which audio, with the file names of people and systems."""

import pytest

from wavegan.data.mel_names import partners
from wavegan.errors import UserError

AS_PEOPLE_HAVE_THEM = [
    "c0.wav.npy",
    "c0.flac.pt",
    "c0.mel.npy",
    "c0.spec.pt",
    "c0_mel.npy",
    "c0-mel.npy",
    "c0-feats.npy",
    "c0_feats.npz",
    "c0.wav.mel.npy",
    "c0_mel_gta.npy",
    "c0_MelSpec.npy",
    "c0-logmel.npy",
    "mel_c0.npy",
    "mel-c0.npy",
    "mel.c0.npy",
    "mels_c0.npy",
    "feats-c0.npy",
    "gta_mel_c0.npy",
    "LJSpeech-mel-c0.npy",
    "mel_c0.wav.npy",
]


@pytest.mark.parametrize("mel", AS_PEOPLE_HAVE_THEM)
@pytest.mark.parametrize("folder", ["", "x/", "deep/down/"])
def test_a_name_that_says_more_than_the_audios_is_paired(mel: str, folder: str) -> None:
    found = partners(["c0.wav", "c1.wav"], [f"{folder}{mel}"])
    assert found.of == {"c0.wav": f"{folder}{mel}"} == found.told_apart


@pytest.mark.parametrize("mel", ["c0.npy", "x/c0.npy"])
def test_plain_names_need_no_note(mel: str) -> None:
    found = partners(["c0.wav"], [mel])
    assert (found.of, found.told_apart) == ({"c0.wav": mel}, {})


@pytest.mark.parametrize(
    "mel", ["c00.npy", "c0_energy.npy", "c0_pitch.npy", "mel.npy", "xc0_mel.npy", "c0_c1_mel.npy"]
)
def test_other_names_are_nobodys(mel: str) -> None:
    assert partners(["c0.wav", "c1.wav"], [mel]).of == {}


def test_the_plainest_name_goes_first() -> None:
    found = partners(["c0.wav"], ["c0.npy", "c0_mel.npy", "mel-c0.npy"])
    assert found.of == {"c0.wav": "c0.npy"}
    found = partners(["a.wav", "a_raw.wav", "mel_b.wav"], ["a_mel.npy", "a_raw_mel.npy", "b.npy"])
    assert found.of == {"a.wav": "a_mel.npy", "a_raw.wav": "a_raw_mel.npy", "mel_b.wav": "b.npy"}


def test_speakers_folders_are_kept_apart() -> None:
    audio = ["s1/c0.wav", "s2/c0.wav"]
    mels = ["s1/c0_mel.npy", "s2/c0_mel.npy"]
    assert partners(audio, mels).of == dict(zip(audio, mels, strict=True))


def test_two_that_claim_one_are_both_named() -> None:
    with pytest.raises(UserError, match=r"c0_mel\.npy and mel-c0\.npy both match c0\.wav"):
        partners(["c0.wav"], ["c0_mel.npy", "mel-c0.npy"])
