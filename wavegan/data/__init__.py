"""Training data from folders of audio: scan, split, crop, load."""
