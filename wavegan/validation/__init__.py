"""How a generator is measured in the course of a run."""
