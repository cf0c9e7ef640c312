"""Doubling and convolving at once is the same function as one after the other, in values, gradients and statistics."""

import pytest
import torch
from torch.nn import functional as F

from simssl_core.models.layers import GrowingBlock, doubling_kernel


def test_the_kernel_repeats_pixels_and_convolves():
    x, w = torch.randn(2, 5, 3, 6, dtype=torch.float64), torch.randn(4, 5, 3, 3, dtype=torch.float64)
    expected = F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), w, padding=1)
    torch.testing.assert_close(F.conv_transpose2d(x, doubling_kernel(w), stride=2, padding=1), expected)


@pytest.mark.parametrize("outputs", [6, 4], ids=["same width, no shortcut weights", "narrower"])
@pytest.mark.parametrize("size", [(8, 10), (7, 9), (4, 5)], ids=["doubled", "odd", "kept"])
def test_the_short_way_and_the_long_way_agree(size, outputs):
    torch.manual_seed(0)
    short = GrowingBlock(6, outputs, size).double()
    long = GrowingBlock(6, outputs, size).double()
    long.load_state_dict(short.state_dict())
    long.folded = False
    x = torch.randn(3, 6, 4, 5, dtype=torch.float64)
    results = []
    for block in (short, long):
        y = x.clone().requires_grad_()
        out = block(y)
        out.square().sum().backward()
        results.append([out, y.grad, *(p.grad for p in block.parameters()), *block.buffers()])
        assert out.shape == (3, outputs, *size)
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


def test_doubling_costs_less_than_half_of_the_products():
    from torch.utils.flop_counter import FlopCounterMode

    block, x = GrowingBlock(8, 8, (8, 8)), torch.randn(1, 8, 4, 4)
    costs = []
    for folded in (True, False):
        block.folded = folded
        with FlopCounterMode(display=False) as counter:
            block.norm_one(block(x))
        costs.append(counter.get_total_flops())
    second = 2 * 64 * 9 * 64  # the block's second convolution, which both ways share
    assert (costs[0] - second) / (costs[1] - second) == pytest.approx(4 / 9)
