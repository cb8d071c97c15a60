"""The model card (`README.md`) of a bundle."""

from typing import Any

from wavegan import plugins
from wavegan.bundle_config import Config

EXAMPLE = 'import wavegan\n\nmodel = wavegan.load("this/folder")\n'
"""Python that opens a model of any task."""


def card(config: Config) -> str:
    """What the model is and how to use it, as Markdown."""
    return (
        f"# wavegan bundle: {config.generator['name']}\n\n"
        f"{config.task} at {config.sample_rate} Hz, {config.step} training steps.\n\n"
        f"```python\n{_example(config)}```\n"
    )


def _example(config: Config) -> str:
    if plugins.is_own(config.task) or plugins.is_own(config.generator["name"]):
        return EXAMPLE.replace('"this/folder"', '"this/folder", trust_code=True')
    if config.task not in plugins.names("tasks"):
        return EXAMPLE
    task: Any = plugins.find("tasks", config.task)
    return str(task.example)
