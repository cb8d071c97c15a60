"""One way to run every generator fast: packed weights, channels last, and a chosen precision."""
