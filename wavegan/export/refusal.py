"""Models that a format cannot hold."""

from wavegan.errors import UserError
from wavegan.export.plan import Format
from wavegan.generators.base import Generator, LatentGenerator
from wavegan.generators.phase_retrieval import PhaseRetrieval


def check(generator: Generator, name: str, target: Format) -> None:
    """Refuse a generator that searches phases, which ONNX cannot express.

    Raises:
        UserError: with the reason, and what can be done.
    """
    searches = isinstance(generator, PhaseRetrieval) or (
        isinstance(generator, LatentGenerator) and not generator.makes_waves
    )
    if searches and target == "onnx":
        raise UserError(
            f"--format onnx: {name} searches phases in complex spectra (Griffin-Lim), and ONNX has "
            "no complex numbers: give --format torch"
        )
