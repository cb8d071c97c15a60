"""Validation: measure a generator during a run."""
