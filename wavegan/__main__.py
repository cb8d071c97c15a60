"""`python -m wavegan` is the same as `wavegan`."""

from wavegan.cli import app

app()
