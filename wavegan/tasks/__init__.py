"""What goes into a generator and what is compared with what."""
