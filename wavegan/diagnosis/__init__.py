"""Diagnose audio files, and find the front-end of a mel."""
