"""A model of whichever project, written as a bundle."""

from pathlib import Path

from wavegan import atomic, bundle, checksums
from wavegan.targets import check_folder

OWN = ("config.json", "model.safetensors", "README.md", "training", checksums.NAME)
"""What a bundle with discriminators consists of."""


def convert(
    source: Path, folder: Path, *, force: bool = False, trust_code: bool = False
) -> bundle.Model:
    """Write a bundle that sounds like the source, with the discriminators that came with it.

    The bundle appears whole or not at all. The discriminators' weights lie where a checkpoint has
    them, `training/discriminator.safetensors`, so that training can start from them.

    Args:
        source: whatever `bundle.read` takes.
        folder: new, or empty.
        force: a bundle that is there is replaced.
        trust_code: as in `bundle.build`.

    Returns:
        What was read.

    Raises:
        UserError: the folder is in use, or the source is not usable.
    """
    check_folder(folder, own=OWN, inputs=[source], option="DST", force=force)
    model = bundle.read(source, discriminators=True)
    generator = bundle.assemble(model, trust_code=trust_code)
    with atomic.folder(folder) as unfinished:
        bundle.save(unfinished, model.config, generator.state_dict())
        judges = {
            f"members.{name}.{key}": value.clone().contiguous()
            for name, weights in model.discriminators.items()
            for key, value in weights.items()
        }
        if judges:
            file = unfinished / bundle.DISCRIMINATOR
            file.parent.mkdir()
            atomic.tensors(file, judges)
            checksums.write(unfinished)
    return model
