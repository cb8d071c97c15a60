"""Gradient penalties on the discriminator, one public class a file."""
