"""Folders of audio as batches: scan, split, cut, load."""
