"""Sound as numbers: files, resampling, spectrograms, filter banks.

Import from the files themselves (`wavegan.audio.io`, `wavegan.mel.front_end`, …): this package loads
none of them, so that naming a mel front-end costs no torch and opening a file no spectrogram.
"""
