"""Measuring folders of clips and models, beside the floors that numbers need."""
