"""Notes about data that may be a mistake: silence, sample rates, lengths, channels."""

from collections import Counter
from collections.abc import Iterator, Sequence

from wavegan import plugins
from wavegan.counted import counted
from wavegan.data import clips as reading
from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.data.split import Split
from wavegan.mel.front_end import Mel
from wavegan.recipe import Recipe, load, recipes
from wavegan.tasks.base import Task

MOST = 0.5
"""Share of the files above which something is reported."""
MUCH = 0.3
"""Held-out share of the audio above which it is reported, if the user asked for less."""
FAINT = 0.01
"""Peak of the loudest file, -40 dBFS, below which a folder is near silence."""
FITTING = 4
"""Maximum number of suggested names."""


def of(recipe: Recipe, manifest: Manifest, split: Split) -> tuple[str, ...]:
    """Notes about a folder of audio for a recipe, one line each."""
    clips = manifest.clips
    return (
        *_held_out(recipe, split),
        *_share(recipe, split),
        *_silent_stretches(manifest, split),
        *_low_rates(recipe, clips),
        *_faint(clips),
        *_lengths(recipe, clips),
        *_channels(recipe, clips),
    )


def _held_out(recipe: Recipe, split: Split) -> Iterator[str]:
    """A note if nothing is held out."""
    if split.validation:
        return
    # trust_code was checked together with the recipe
    task: type[Task] = plugins.find("tasks", recipe.task.name, own=True)
    if task.reconstructs:
        yield (
            "nothing is held out (data.validation), so nothing is measured: no validation metric, "
            "no best checkpoint (opening the run uses the last one), no verdict; previews are of "
            "training files"
        )
    else:
        yield (
            "nothing is held out (data.validation): generated clips are compared with training "
            "clips as usual, but D's overfitting is not measured"
        )


def _share(recipe: Recipe, split: Split) -> Iterator[str]:
    """A note if a share of the files is a much larger share of the audio."""
    asked = recipe.data.validation
    held, train = (sum(clip.seconds for clip in x) for x in (split.validation, split.train))
    share = held / (held + train)
    whole_files = all(clip.start == 0 for clip in split.validation)
    if isinstance(asked, float) and whole_files and share > max(MUCH, 2 * asked):
        yield (
            f"the held-out files are {share:.0%} of the audio, but data.validation is {asked:g} of "
            "the files: choose files with a list (data.validation=LIST)"
        )


def _silent_stretches(manifest: Manifest, split: Split) -> Iterator[str]:
    """A note for each held-out stretch that is silent: it is always taken from the middle."""
    for clip in split.validation:
        if not clip.start:
            continue
        loudest = float(reading.whole(clip, manifest.root, clip.sample_rate).abs().max())
        if loudest < FAINT * clip.channel_peak:
            yield (
                f"the held-out stretch of {printable(clip.path)} is nearly silent, so metrics mean "
                "little: hold out more of it (data.validation)"
            )


def _low_rates(recipe: Recipe, clips: Sequence[Clip]) -> Iterator[str]:
    wanted = recipe.sample_rate()
    rates = Counter(clip.sample_rate for clip in clips if clip.sample_rate < wanted)
    if rates.total() < MOST * len(clips):
        return
    usual = rates.most_common(1)[0][0]
    of_them = "" if len(rates) == 1 else "most of them "
    yield (
        f"{_how_many(rates.total(), clips)} below the recipe's {wanted} Hz ({of_them}at "
        f"{usual} Hz): they are resampled, and have nothing above {usual / 2:g} Hz to learn; "
        f"{_fitting(recipe, usual)}"
    )


def _fitting(recipe: Recipe, rate: int) -> str:
    """Suggest recipes, front-ends or fields for a sample rate."""
    known = {name: load(name) for name in recipes()}
    names = [
        name
        for name, other in known.items()
        if other.task.name == recipe.task.name and other.sample_rate() == rate
    ]
    if names:
        return f"recipes at {rate} Hz: {', '.join(names[:FITTING])}"
    if recipe.mel is None:
        return f"audio.sample_rate={rate} would fit"
    mels = [name for name in Mel.preset_names() if Mel.preset(name).sample_rate == rate]
    if mels:
        return f"front-ends at {rate} Hz: {', '.join(f'mel={name}' for name in mels[:FITTING])}"
    return f"mel.sample_rate={rate} mel.f_max={rate // 2} would fit"


def _faint(clips: Sequence[Clip]) -> Iterator[str]:
    loudest = max((clip.channel_peak for clip in clips), default=1.0)
    if loudest < FAINT:
        yield (
            f"nearly silent: the loudest of {counted(len(clips), 'file')} peaks at {loudest:.2g} "
            "of full scale: is this the right folder?"
        )


def _lengths(recipe: Recipe, clips: Sequence[Clip]) -> Iterator[str]:
    segment, rate = recipe.data.segment, recipe.sample_rate()
    lengths = [reading.length(clip, rate) for clip in clips]
    size = f"data.segment is {segment} samples, {segment / rate:.2f} s"
    shorter = sum(length < segment for length in lengths)
    if recipe.data.align == "start":
        longer = sum(length > segment for length in lengths)
        if longer:
            yield f"{_how_many(longer, clips)} longer than data.segment, the rest is unused: {size}"
        if max(lengths) < segment / 2:
            longest = f"{max(lengths) / rate:.2f} s"
            yield f"the longest file is {longest}, so most of each sound is silence: {size}"
    elif shorter >= MOST * len(clips):
        yield f"{_how_many(shorter, clips)} shorter than a crop, and padded with silence: {size}"


def _channels(recipe: Recipe, clips: Sequence[Clip]) -> Iterator[str]:
    wanted = recipe.audio.channels
    more = sum(clip.channels > wanted for clip in clips)
    fewer = sum(clip.channels == 1 < wanted for clip in clips)
    if more and wanted == 1:
        yield f"{_how_many(more, clips)} of several channels, which are mixed to one"
    if fewer == len(clips):
        which = _how_many(fewer, clips)
        yield f"{which} mono: the {wanted} channels (audio.channels) will be equal"


def _how_many(count: int, clips: Sequence[Clip]) -> str:
    """The start of a sentence: "all 3 files are", "2 of 3 files are"."""
    if len(clips) == 1:
        return "the only file is"
    if count == len(clips):
        return f"all {count} files are"
    return f"{count} of {counted(len(clips), 'file')} {'is' if count == 1 else 'are'}"
