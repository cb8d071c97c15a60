"""Causes of faults in sounds generated from a latent.

Detectors have the causes for vocoders and recordings. A generated sound has no mel spectrogram,
front-end or chunks; its faults come from training, from the data, or from the generation options.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from wavegan.artifacts.base import Finding
from wavegan.errors import UserError

Kind = Literal["vocoded", "sound"]
KINDS: tuple[Kind, ...] = ("vocoded", "sound")

LINE = (
    "upsampling inside the network has this pattern: train longer, or with the generator wavegan "
    "set generator.upsample=linear or generator.post_filter=512 (source_filter does not have it); "
    "a notch removes it from this file"
)
PULSES = (
    "a network that is not trained enough, or training clips with the same fault: train longer, "
    "and listen to the clips; for sounds with a pitch this can be normal"
)
EDGE = (
    "the network has learned a burst at the edge, usually from training clips that begin or end "
    "with one, or it is not trained enough: trim and fade the clips, or train longer; a fade of "
    "5 ms fixes this file"
)
CUT = (
    "the sound is longer than the clip: give more --seconds, or train with a longer "
    "data.segment; or fade over 5 ms; harmless in a loop"
)
CHANNELS = "training clips with the same fault: search the data for them, or train on one channel"
CAUSES: Mapping[str, str] = {
    "tonal line": (
        "a partial of the sound itself, or a tone that the network adds: listen there, and to the "
        "training clips; train longer if they do not have it"
    ),
    "mains hum": (
        "hum in the training recordings: high-pass them, or filter these frequencies out; or it "
        "is a bass note of this pitch"
    ),
    "buzz": PULSES,
    "metallic tone": PULSES,
    "click": (
        "a network that is not trained enough, or clicks in the training clips: train longer, "
        "try another --seed or a lower --truncation, and leave such clips out of the data"
    ),
    "click that comes back": (
        "pulses of a low pitch, or a repeated pattern of a network that is not trained enough: "
        "listen there, and train longer"
    ),
    "click at the start": EDGE,
    "click at the end": EDGE,
    "cut at the start": (
        "training clips that begin in the middle of a sound: trim them to its start; or fade in "
        "over 5 ms; harmless in a loop"
    ),
    "cut at the end": CUT,
    "dropout": (
        "gaps in the training clips, or a network that is not trained enough: search for such "
        "clips, and train longer"
    ),
    "clipping": (
        "it was written louder than the file format allows, or edited later: generate it without "
        "--peak none, or with --subtype float; if the training clips are clipped, the model has "
        "learned it: leave them out"
    ),
    "band limit": (
        "training clips that end there (lossy coding, or an earlier lower sample rate): leave "
        "them out, or train at a lower sample rate"
    ),
    "spectral hole": (
        "a band that the training clips do not have, or that no discriminator covers: check their "
        "spectra"
    ),
    "silence": (
        "training has collapsed or hardly begun, or some training clips are silent: try another "
        "--seed or another checkpoint; generate itself writes no silent clips"
    ),
    "too quiet": (
        "training clips at this level: generate with --peak 0.9, or train with data.peak=0.95"
    ),
    "too loud": (
        "the network's output exceeds full scale: --peak 0.9 scales it down, and data.peak=0.95 "
        "trains at one level"
    ),
    "dead channel": CHANNELS,
    "unequal channels": CHANNELS,
    "channels cancel": CHANNELS,
    "level mismatch": "each sound has its own level: generate with --peak 0.9 for equal levels",
}


def kind_of(text: str) -> Kind:
    """Parse the name of a kind.

    Raises:
        UserError: there is no such kind.
    """
    for kind in KINDS:
        if kind == text:
            return kind
    raise UserError(f"--kind {text}: give {' or '.join(KINDS)}")


def of_sound(finding: Finding) -> Finding:
    """A finding with its cause for a generated sound."""
    if finding.stage:
        return replace(finding, cause=f"{finding.stage}: {LINE}")
    return replace(finding, cause=CAUSES.get(finding.what, finding.cause))
