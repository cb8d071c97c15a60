"""Convert ParallelWaveGAN's settings and weights to this package's."""
