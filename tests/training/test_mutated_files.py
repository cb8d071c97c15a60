"""Reading a run's files works, or is an error, whatever they contain."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wavegan import bundle, recipe
from wavegan.cli.console import Silent
from wavegan.errors import UserError
from wavegan.interrupt import Interrupt
from wavegan.progress import lines
from wavegan.training import setup

NAMES = ["config.json", "metrics.jsonl", "recipe.yaml", "split.json", "best.json", "run.lock"]
NAMES += ["checksums.json", "state.pt"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small, speech) -> Path:
    folder = tmp_path_factory.mktemp("mutated") / "run"
    loaded = recipe.load(small, [f"data.folder={speech}", "training.steps=1"])
    setup.prepare(loaded, folder, device="cpu", listener=Silent()).train(Interrupt())
    (folder / "run.lock").write_text("{}")
    return folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
@given(draw=st.randoms(use_true_random=False))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_mutated_file_is_read_or_refused(trained, script, tmp_path_factory, name, draw):
    mutations = script("faults/mutations")
    run = tmp_path_factory.mktemp("copy") / "run"
    shutil.copytree(trained, run)
    file, read = mutations.readers(run)[name]
    file.write_bytes(mutations.mutated(file.read_bytes(), draw))
    with contextlib.suppress(UserError):
        read()
    shutil.rmtree(run)


@pytest.mark.parametrize(
    ("field", "value"),
    [("peak", float("nan")), ("peak", 0), ("segment", "x"),
     ("step", True), ("labels", "ab"), ("task", 3)],
)  # fmt: skip
def test_a_field_of_another_type_or_range_is_named(trained, tmp_path, field, value):
    file = tmp_path / "config.json"
    content = json.loads((bundle.checkpoints(trained)[1] / "config.json").read_text())
    file.write_text(json.dumps(content | {field: value}))
    with pytest.raises(UserError, match=rf"config\.json.*{field}"):
        bundle.Config.read(file)


@pytest.mark.parametrize(
    ("field", "value"),
    [("channels", -1), ("channels", 1.5), ("sample_rate", 0), ("sample_rate", 1 << 40)],
)
def test_a_field_of_the_audio_is_named(trained, tmp_path, field, value):
    file = tmp_path / "config.json"
    content = json.loads((bundle.checkpoints(trained)[1] / "config.json").read_text())
    audio = content["audio"] | {field: value}
    file.write_text(json.dumps(content | {"audio": audio}))
    with pytest.raises(UserError, match=rf"config\.json.*{field}"):
        bundle.Config.read(file)


def test_torn_and_foreign_lines_are_passed_over_and_counted(tmp_path):
    file = tmp_path / "metrics.jsonl"
    good = b'{"kind": "train", "step": 5, "generator/total": null}'
    bad = [
        b"\xff",
        b"[]",
        b'{"kind": "train", "step": -1}',
        b'{"kind": "train", "step": 1, "a": "x"}',
        b"[" * 9000,
        b'{"kind": "train", "step": ' + b"9" * 5000 + b"}",
    ]
    file.write_bytes(b"\n".join([*bad, good, b'{"kind": "tr']))
    found = lines.read(file)
    assert [line["step"] for line in found.whole] == [5]
    assert (found.passed_over, found.first) == (6, 1)  # the last one may be being written
