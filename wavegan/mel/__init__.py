"""The mel front-end: its fields, its spectrogram, conversion, files and what its values say."""
