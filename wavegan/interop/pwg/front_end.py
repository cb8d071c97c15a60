"""Read ParallelWaveGAN's settings of features and sub-bands, and its statistics files."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wavegan import tensor_file
from wavegan.errors import UserError, suggest
from wavegan.interop._files import field
from wavegan.mel.front_end import Mel

STATISTICS = ("stats.h5", "stats.npy")
LOGARITHMS: Mapping[float | None, str] = {10: "log10", None: "ln"}
PQMF: Mapping[str, Any] = {"taps": 62, "cutoff_ratio": 0.142, "beta": 9.0}
MOST_VALUES = 1 << 16
"""Most values in a statistics file, with room for any layout."""
LAST_WITH_OTHER_CUTOFF = "0.4.2"


def front_end(config: Mapping[str, Any], file: Path) -> Mel:
    """The mel front-end: the preset pwg-22k with the values of the configuration.

    `global_gain_scale` is not part of it: the project scales only the target audio, after the
    features are computed.

    Raises:
        UserError: a field is missing, or has an unsupported value.
    """
    base, window = config.get("log_base", 10.0), field(config, "window", file)
    if base not in LOGARITHMS:
        raise UserError(f"log_base is {base!r}: only 10 or null (natural) can be read", at=file)
    if window != "hann":
        raise UserError(f"window is {window!r}: only 'hann' can be read", at=file)
    rate, hop = (_whole(config, name, file) for name in ("sampling_rate", "hop_size"))
    analysed = config.get("sampling_rate_for_feats") or rate
    if not isinstance(analysed, int) or hop * analysed % rate:
        raise UserError(
            f"sampling_rate_for_feats {analysed} with sampling_rate {rate} and hop_size "
            f"{hop}: the hop is not a whole number of samples",
            at=file,
        )
    n_fft = _whole(config, "fft_size", file)
    return Mel.from_dict(
        {
            **Mel.preset("pwg-22k").to_dict(),
            "sample_rate": analysed,
            "output_rate": None if analysed == rate else rate,
            "n_fft": n_fft,
            "hop_length": hop * analysed // rate,
            "win_length": config.get("win_length") or n_fft,
            "n_mels": _whole(config, "num_mels", file),
            "f_min": config.get("fmin") or 0.0,
            "f_max": config.get("fmax"),
            "log": LOGARITHMS[base],
            "floor": float(config.get("eps", 1e-10)),
        }
    )


def pqmf(config: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """MelGAN's options for the filter bank that joins the sub-bands.

    Versions up to 0.4.2 used another cutoff, which their configurations do not contain.

    Raises:
        UserError: `pqmf_params` has an unknown field.
    """
    version = str(config.get("version", "0.1.0"))
    numbers = [int(part) for part in re.findall(r"\d+", version)]
    old = version == LAST_WITH_OTHER_CUTOFF or numbers < [0, 4, 2]
    given = config.get("pqmf_params", {"cutoff_ratio": 0.15} if old else {}) or {}
    for key in given:
        if key not in PQMF:
            raise UserError(f"pqmf_params.{key} is not known{suggest(str(key), PQMF)}", at=file)
    return {f"pqmf_{key}": value for key, value in {**PQMF, **given}.items()}


def statistics(folder: Path, config: Mapping[str, Any], n_mels: int) -> dict[str, Any]:
    """The options `mel_mean` and `mel_std` from the statistics file next to a checkpoint.

    The project uses `stats.h5` or `stats.npy`, as `format` in the configuration says, or none if
    that file is missing. Here the other file is tried before that.

    Raises:
        UserError: the file cannot be read, or has another number of bands.
    """
    names = STATISTICS if config.get("format", "hdf5") == "hdf5" else STATISTICS[::-1]
    found = [folder / name for name in names if (folder / name).is_file()]
    if not found:
        return {}
    mean, scale = _values(found)
    if mean.size != n_mels or scale.size != n_mels:
        raise UserError(
            f"{found[0]}: it has statistics of {mean.size} bands, but num_mels in the "
            f"configuration is {n_mels}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(scale).all()):
        raise UserError(f"{found[0]}: it has statistics that are not finite")
    return {"mel_mean": mean.tolist(), "mel_std": scale.tolist()}


def _values(files: list[Path]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean and scale as float32, as in the project."""
    file = files[0]
    try:
        if file.suffix == ".npy":
            pair = tensor_file.arrays(file)
            if not isinstance(pair, np.ndarray) or pair.size > MOST_VALUES:
                raise ValueError("no pair of rows")
            mean, scale = pair[0], pair[1]
        else:
            import h5py

            with h5py.File(file, "r") as content:
                mean, scale = (_dataset(content[name]) for name in ("mean", "scale"))
        flat = [np.asarray(each, dtype=np.float32).reshape(-1) for each in (mean, scale)]
    except ImportError:
        if len(files) > 1:
            return _values(files[1:])
        raise UserError(
            f'reading it needs h5py: pip install "wavegan[interop]", or put a '
            f"{STATISTICS[1]} with [mean, scale] next to it",
            at=file,
        ) from None
    except UserError:
        raise
    except Exception:
        # The bytes are untrusted: numpy, zipfile and HDF5 raise any exception for damaged ones.
        raise UserError("damaged, or without the statistics mean and scale", at=file) from None
    return flat[0], flat[1]


def _dataset(dataset: Any) -> Any:
    """The values of an HDF5 dataset, with limited size, as chunks are always unpacked whole.

    Raises:
        ValueError: too many values, a wrong type, or values in other files.
    """
    chunk = math.prod(dataset.chunks or (1,))
    if dataset.dtype.kind not in "fiu" or max(dataset.size, chunk) > MOST_VALUES:
        raise ValueError("no statistics")
    if dataset.external or dataset.is_virtual:
        raise ValueError("its values are in other files")
    return dataset[()]


def _whole(config: Mapping[str, Any], name: str, file: Path) -> int:
    value = field(config, name, file)
    if type(value) is not int or value < 1:
        raise UserError(f"{name} is {value!r}: it must be a whole number above 0", at=file)
    return value
