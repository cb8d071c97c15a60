"""Confidence intervals and significance tests for means over few clips, by resampling."""
