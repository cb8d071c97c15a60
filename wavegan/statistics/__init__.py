"""What may be said of a mean over few clips: intervals and tests, by resampling."""
