"""Published clips with known scores: `match_gain` and the length rule reproduce them."""

from pathlib import Path

import pytest

from wavegan.evaluation.compare import compare


@pytest.mark.parametrize(("system", "clip"), [("hifigan-v1", "1"), ("wavenet-mol", "5")])
def test_published_clips_score_what_they_scored_before(
    shared: Path, system: str, clip: str
) -> None:
    pytest.importorskip("pesq")
    demo = shared / "data" / "vocoder-demo"
    lines = (demo / "reference_scores.tsv").read_text().splitlines()
    scores = {tuple(line.split("\t")[1:3]): line.split("\t")[3:] for line in lines}
    found = compare(
        demo / "ljspeech" / "ground-truth",
        {system: demo / "ljspeech" / system},
        metrics=["pesq_wb", "log_mel_l1", "mrstft"],
        match_gain=True,
        floors=False,
        only=[clip],
    )
    pesq, mel, stft = map(float, scores[system, clip])
    values = found.systems[0].files[0].values
    assert values["pesq_wb"] == pytest.approx(pesq, abs=0.02)
    assert values["log_mel_l1"] == pytest.approx(mel, abs=0.01)
    assert values["mrstft"] == pytest.approx(stft, abs=0.01)
