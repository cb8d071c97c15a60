"""The mel front-end: fields, spectrogram, conversion, mel files and checks of values."""
