"""What runs a trained model; nothing of training is imported here."""
