"""Building blocks that generators and discriminators share."""
