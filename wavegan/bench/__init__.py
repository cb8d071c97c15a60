"""Measure the speed, latency and memory of a model on this machine."""
