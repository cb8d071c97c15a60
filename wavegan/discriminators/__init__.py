"""Discriminators of waveforms, one public class a file."""
