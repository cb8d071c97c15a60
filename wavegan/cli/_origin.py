"""The name of a model, for the metadata of files made with it."""

from pathlib import Path


def origin(model: Path) -> dict[str, object]:
    """A model's name, and the step if it is a run's checkpoint. No path: it could name the user.

    Args:
        model: a run, a checkpoint or a bundle, or a file in one.
    """
    from wavegan import bundle

    folder = bundle.locate(model).resolve()
    if folder.parent.name == "checkpoints" and folder.name.isdigit():
        return {"model": folder.parents[1].name, "step": int(folder.name)}
    return {"model": folder.name}
