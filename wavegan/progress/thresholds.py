"""From which figures on something is said of a run: every threshold, once.

What tests and fits take for themselves stands with them (`trend`, `plateau`).
"""

EARLY = 200
"""Steps below which the course of no run says anything, however often it was looked at."""
ENOUGH = 20
"""Windows before a norm or an accuracy is judged."""

PASSING = 3
"""Windows in a row without a finite loss, where such steps are left out, that are a trouble."""
EXPLODED, VANISHED = 20.0, 1e-3
"""Gradient norm over its own median."""
WINS, WINS_PAIRS = 0.98, 0.995
"""Share of clips, or of pairs, that D tells right from which on it leaves G nothing to learn from.
"""
BLIND, EVER, LEARNT = 0.03, 0.6, 1000
"""Distance from 0.5 within which D cannot tell; an accuracy that shows that it once could; steps
after which it should."""
MOSTLY, AT_CHANCE, STILL = 0.9, 0.9, 0.02
"""Of a blind D: share of the windows that show it; its loss over that of chance, at least; how far
that may vary, as a share of it."""
GONE = 1e-3
"""Share of its highest below which a learning rate teaches nothing."""
LEAST = 1e-7
"""Rate below which the weights of no network here move."""
LATE = 0.95
"""Share of the run from which on the rate may be as low as that."""
WAITS = 0.2
"""Share of the time that may go into waiting for the loader."""

COLLAPSED = 0.4
"""Share of the real clips' diversity below which generated ones are all alike."""
LIVELY = 0.6
"""Share that shows that the generator once was past its uniform beginnings."""
PATIENCE = 3
"""Validations after which even a generator that never was lively should be."""
IMPROVES = 0.99
"""Fréchet distance over each earlier one, below which G learns whatever D knows."""
MEMORIZATION_GAP = 0.35
"""How much rarer D may recognise held-out clips as real than those that it trained on."""

SURER, AFTER_BEST = 0.99, 6
"""Of a rise since the best validation: how sure, by how many validations; the best is chosen, so
chance alone makes what follows it look worse."""
YOUNG = 0.1
"""Share of the run within which nothing but a trouble ends it."""
LONG_AGO, SINCE = 0.5, 8
"""The best validation is long ago at this share of the steps, so many validations since."""
NEARLY = 0.9
"""Share of the run from which on a cosine schedule has little left to give."""
