"""Audio files, resampling, framing, spectra and filter banks.

Import from the modules themselves (`wavegan.audio.io`, `wavegan.audio.stft`, …): the package
imports none of them, so opening a file does not import the spectrogram code.
"""
