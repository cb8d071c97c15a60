"""Sound as numbers: files, resampling, frames and spectra, filter banks.

Import from the files themselves (`wavegan.audio.io`, `wavegan.audio.stft`, …): this package loads
none of them, so that opening a file costs no spectrogram.
"""
