"""What a person should know of a folder before a recipe trains on it, a line each."""

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
"""Share of the files from which on something is worth a line."""
MUCH = 0.3
"""Share of the audio that is worth a line if it is held out unasked."""
FAINT = 0.01
"""Peak of the loudest file, -40 dBFS, below which a folder is near silence."""
FITTING = 4
"""So many names are suggested."""


def of(recipe: Recipe, manifest: Manifest, split: Split) -> tuple[str, ...]:
    """Compare a folder with what a recipe makes of it."""
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
    """What it costs to hold out nothing."""
    if split.validation:
        return
    # whether it may be a class of the user's was decided when the recipe was checked
    task: type[Task] = plugins.find("tasks", recipe.task.name, own=True)
    if task.reconstructs:
        yield (
            "nothing is held out (data.validation), so nothing is measured: no validation metric, "
            "no best checkpoint (the last one stands for the run), no verdict; previews are of "
            "files it trains on"
        )
    else:
        yield (
            "nothing is held out (data.validation): generated clips are compared with training "
            "clips, as always, but whether D knows those by heart is not measured"
        )


def _share(recipe: Recipe, split: Split) -> Iterator[str]:
    """Where files are few or of odd lengths, a share of the files is another one of the audio."""
    asked = recipe.data.validation
    held, train = (sum(clip.seconds for clip in x) for x in (split.validation, split.train))
    share = held / (held + train)
    whole_files = all(clip.start == 0 for clip in split.validation)
    if isinstance(asked, float) and whole_files and share > max(MUCH, 2 * asked):
        yield (
            f"the held-out files are {share:.0%} of the audio, data.validation is {asked:g} of the "
            "files: a list (data.validation=LIST) chooses them"
        )


def _silent_stretches(manifest: Manifest, split: Split) -> Iterator[str]:
    """A stretch is taken from the middle, whatever is there."""
    for clip in split.validation:
        if not clip.start:
            continue
        loudest = float(reading.whole(clip, manifest.root, clip.sample_rate).abs().max())
        if loudest < FAINT * clip.channel_peak:
            yield (
                f"the held-out stretch of {printable(clip.path)} is near silence, so figures say "
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
        f"{_so_many(rates.total(), clips)} below the recipe's {wanted} Hz ({of_them}at "
        f"{usual} Hz): resampled, with nothing above {usual / 2:g} Hz for the model to learn; "
        f"{_fitting(recipe, usual)}"
    )


def _fitting(recipe: Recipe, rate: int) -> str:
    """Suggest what is made for a rate."""
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
            f"near silence: the loudest of {counted(len(clips), 'file')} peaks at {loudest:.2g} of "
            "full scale: is this the right folder?"
        )


def _lengths(recipe: Recipe, clips: Sequence[Clip]) -> Iterator[str]:
    segment, rate = recipe.data.segment, recipe.sample_rate()
    lengths = [reading.length(clip, rate) for clip in clips]
    size = f"data.segment is {segment} samples, {segment / rate:.2f} s"
    shorter = sum(length < segment for length in lengths)
    if recipe.data.align == "start":
        longer = sum(length > segment for length in lengths)
        if longer:
            yield f"{_so_many(longer, clips)} longer than a sound, the rest is not used: {size}"
        if max(lengths) < segment / 2:
            longest = f"{max(lengths) / rate:.2f} s"
            yield f"the longest file is {longest}, most of each sound is silence: {size}"
    elif shorter >= MOST * len(clips):
        yield f"{_so_many(shorter, clips)} shorter than a crop, and padded with silence: {size}"


def _channels(recipe: Recipe, clips: Sequence[Clip]) -> Iterator[str]:
    wanted = recipe.audio.channels
    more = sum(clip.channels > wanted for clip in clips)
    fewer = sum(clip.channels == 1 < wanted for clip in clips)
    if more and wanted == 1:
        yield f"{_so_many(more, clips)} of several channels, which are mixed to one"
    if fewer == len(clips):
        yield f"{_so_many(fewer, clips)} mono: the {wanted} channels (audio.channels) will be alike"


def _so_many(count: int, clips: Sequence[Clip]) -> str:
    """How many of all: the beginning of a sentence, verb and all."""
    if len(clips) == 1:
        return "the only file is"
    if count == len(clips):
        return f"all {count} files are"
    return f"{count} of {counted(len(clips), 'file')} {'is' if count == 1 else 'are'}"
