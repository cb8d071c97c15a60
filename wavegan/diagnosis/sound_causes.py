"""What causes faults in sounds that a network made of a latent: there, nothing was vocoded.

Detectors know what vocoders and recordings suffer from. A sound has no mel spectrogram, no
front-end and no chunks; what is wrong with it comes from training, from its data, or from how it
was asked for.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from wavegan.artifacts.base import Finding
from wavegan.errors import UserError

Kind = Literal["vocoded", "sound"]
KINDS: tuple[Kind, ...] = ("vocoded", "sound")

LINE = (
    "upsampling inside the network leaves such a pattern: train longer, or for wavegan set "
    "generator.upsample=linear or generator.post_filter=512 (source_filter has none of it); a "
    "notch removes it from this file"
)
PULSES = (
    "a network that is not trained enough, or training sounds that do the same: train on, and "
    "listen to them; sounds that have a pitch may have this rightly"
)
EDGE = (
    "the network has learned a burst at the edge, mostly from training clips that begin or end "
    "with one, or it is not trained enough: trim and fade the clips, or train on; a fade of 5 ms "
    "mends this file"
)
CUT = (
    "the sound goes on where the clip is over: ask for more --seconds, or train with a longer "
    "data.segment; fade over 5 ms; harmless in a loop"
)
CHANNELS = "training clips with the same fault: look for them in the data, or train on one channel"
CAUSES: Mapping[str, str] = {
    "tonal line": (
        "a partial of the sound itself, or a tone that the network lays beside it: listen there, "
        "and whether the training clips have it too; train on if they do not"
    ),
    "mains hum": (
        "hum in the recordings that it was trained on: high-pass them, or filter these "
        "frequencies out; or it is a bass note of this pitch"
    ),
    "buzz": PULSES,
    "metallic tone": PULSES,
    "click": (
        "a network that is not trained enough and breaks out, or clicks in its training clips: "
        "train on, make another --seed or a lower --truncation, and leave such clips out of the "
        "data"
    ),
    "click that comes back": (
        "pulses of a low pitch, or a pattern that the network repeats because it is not trained "
        "enough: listen there, and train on"
    ),
    "click at the start": EDGE,
    "click at the end": EDGE,
    "cut at the start": (
        "training clips that begin in the middle of a sound: trim them where it begins; fade in "
        "over 5 ms; harmless in a loop"
    ),
    "cut at the end": CUT,
    "dropout": (
        "gaps in the training clips, or a network that is not trained enough: look for such clips, "
        "and train on"
    ),
    "clipping": (
        "it was written louder than the file can hold, or edited later: generate it without "
        "--peak none, or with --subtype float; if the training clips are clipped, the model has "
        "learned it: leave them out"
    ),
    "band limit": (
        "training clips that end there (lossy coding, or a lower sample rate before): leave them "
        "out, or train at a lower sample rate"
    ),
    "spectral hole": (
        "a band that the training clips have not, or that no discriminator sees: look at their "
        "spectra"
    ),
    "silence": (
        "training has collapsed or hardly begun, or some training clips are silent: make another "
        "--seed, or give another checkpoint; generate itself writes no silent clips"
    ),
    "too quiet": (
        "training clips of that level: generate with --peak 0.9, or train with data.peak=0.95"
    ),
    "too loud": (
        "the network's samples as they are, above full scale: --peak 0.9 scales them down, and "
        "data.peak=0.95 trains at one level"
    ),
    "dead channel": CHANNELS,
    "unequal channels": CHANNELS,
    "channels cancel": CHANNELS,
    "level mismatch": "each sound has its own level: generate with --peak 0.9 to make them alike",
}


def kind_of(text: str) -> Kind:
    """A kind by its name.

    Raises:
        UserError: there is none of that name.
    """
    for kind in KINDS:
        if kind == text:
            return kind
    raise UserError(f"--kind {text}: give {' or '.join(KINDS)}")


def of_sound(finding: Finding) -> Finding:
    """A finding with the cause that it has in a generated sound."""
    if finding.stage:
        return replace(finding, cause=f"{finding.stage}: {LINE}")
    return replace(finding, cause=CAUSES.get(finding.what, finding.cause))
