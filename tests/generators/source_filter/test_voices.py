"""Pitches: where they begin, how far they go."""

import torch

from wavegan.generators._source_filter.voices import PACE, Voices


@torch.no_grad()
def test_voices_begin_apart_and_learn_slowly() -> None:
    """Three of them at 1/6, 1/2 and 5/6 of four octaves; weights change them little."""
    net = Voices(8, 3, 100, 1600)
    made = net.hertz(net.curves(torch.randn(2, 8, 16)), 64, False, None)
    assert made.shape == (2, 3, 64)
    wanted = 100 * 16 ** torch.tensor([1 / 6, 1 / 2, 5 / 6])
    torch.testing.assert_close(made.mean((0, 2)), wanted, rtol=0.1, atol=0)


@torch.no_grad()
def test_lines_are_drawn_between_positions() -> None:
    net = Voices(1, 1, 100, 400)
    net.weight.fill_(1 / PACE)
    # logits of 1/4 and 3/4: one octave apart; half-way between them, by octaves, is 200 Hz
    x = torch.logit(torch.tensor([[[0.25, 0.75]]]))
    made = net.hertz(net.curves(x), 8, False, None)[0, 0]
    torch.testing.assert_close(made[0], torch.tensor(100 * 4**0.25))
    torch.testing.assert_close(made[3] * made[4], torch.tensor(200.0**2))
    around = net.hertz(net.curves(x, True), 8, True, None)[0, 0]
    torch.testing.assert_close(around[0] * around[-1], torch.tensor(200.0**2))


@torch.no_grad()
def test_notes_bend_by_a_tenth_of_a_semitone_at_most() -> None:
    net = Voices(1, 1, 100, 400, notes=[440.0, 220.0])
    net.weight.fill_(1e6)
    made = net.hertz(net.curves(torch.tensor([[[1.0]], [[-1.0]]])), 1, False, torch.tensor([0, 1]))
    wanted = torch.tensor([440 * 2 ** (0.1 / 12), 220 * 2 ** (-0.1 / 12)])
    torch.testing.assert_close(made.flatten(), wanted)
