"""Adversarial objectives, one public class a file."""
