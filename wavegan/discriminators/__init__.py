"""Discriminators of waveforms, one public class per file."""
