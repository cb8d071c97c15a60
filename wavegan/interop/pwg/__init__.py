"""ParallelWaveGAN's networks and front-end in this package's terms."""
