"""All thresholds for messages about a run.

Constants of statistical tests and fits are in their modules (`trend`, `plateau`).
"""

EARLY = 200
"""Fewest steps for a trend, however often the run was validated."""
ENOUGH = 20
"""Fewest windows to evaluate a norm or an accuracy."""

PASSING = 3
"""Successive windows without a finite loss that are a problem, if such steps are skipped."""
EXPLODED, VANISHED = 20.0, 1e-3
"""Gradient norm divided by its median."""
WINS, WINS_PAIRS = 0.98, 0.995
"""D's accuracy on clips, or on pairs, from which G has nothing left to learn from it."""
BLIND, EVER, LEARNT = 0.03, 0.6, 1000
"""Distance of D's accuracy from 0.5 that counts as chance; an accuracy that shows that D once was
better; steps after which it should be."""
MOSTLY, AT_CHANCE, STILL = 0.9, 0.9, 0.02
"""For a blind D: share of the windows at chance; lowest loss relative to that of chance; relative
variation of the loss."""
GONE = 1e-3
"""Share of its maximum below which a learning rate is too low to learn."""
LEAST = 1e-7
"""Learning rate below which no network's weights change."""
LATE = 0.95
"""Share of the run after which the rate may be that low."""
WAITS = 0.2
"""Largest share of time spent waiting for the loader."""

COLLAPSED = 0.4
"""Share of the real clips' diversity below which the generator has collapsed."""
LIVELY = 0.6
"""Share that shows that the generator was once diverse."""
PATIENCE = 3
"""Validations after which any generator should be diverse."""
IMPROVES = 0.99
"""Ratio of the Fréchet distance to each earlier one below which G still improves."""
MEMORIZATION_GAP = 0.35
"""Largest gap between D's accuracy on training clips and on held-out clips."""

SURER, AFTER_BEST = 0.99, 6
"""For a rise since the best validation: confidence, and number of validations. The confidence is
high, as values after the minimum look worse by chance alone."""
YOUNG = 0.1
"""Share of the run in which only a problem leads to the advice to stop."""
LONG_AGO, SINCE = 0.5, 8
"""The best validation is long ago if before this share of the steps, and this many validations."""
NEARLY = 0.9
"""Share of the run after which a cosine schedule gains little."""
