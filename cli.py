"""The command line from a checkout, for `accelerate launch cli.py train ...`."""

from wavegan.cli import app

if __name__ == "__main__":
    app()
