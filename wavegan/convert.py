"""Convert a model of any supported project to a bundle."""

from pathlib import Path

from wavegan import atomic, bundle, checksums
from wavegan.targets import check_folder

OWN = ("config.json", "model.safetensors", "README.md", "training", checksums.NAME)
"""Files and folders of a bundle with discriminators."""


def convert(
    source: Path, folder: Path, *, force: bool = False, trust_code: bool = False
) -> bundle.Model:
    """Write a bundle that sounds the same as the source, with its discriminators.

    The bundle appears whole or not at all. The discriminators' weights are in
    `training/discriminator.safetensors`, as in a checkpoint, so training can start from them.

    Args:
        source: anything that `bundle.read` takes.
        folder: a new or empty folder.
        force: replace an existing bundle.
        trust_code: see `bundle.build`.

    Returns:
        The model that was read.

    Raises:
        UserError: the folder is not empty, or the source is not usable.
    """
    check_folder(folder, own=OWN, inputs=[source], option="DST", force=force)
    model = bundle.read(source, discriminators=True)
    generator = bundle.assemble(model, trust_code=trust_code)
    with atomic.folder(folder) as unfinished:
        bundle.save(unfinished, model.config, generator.state_dict())
        discriminators = {
            f"members.{name}.{key}": value.clone().contiguous()
            for name, weights in model.discriminators.items()
            for key, value in weights.items()
        }
        if discriminators:
            file = unfinished / bundle.DISCRIMINATOR
            file.parent.mkdir()
            atomic.tensors(file, discriminators)
            checksums.write(unfinished)
    return model
