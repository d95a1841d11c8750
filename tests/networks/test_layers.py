from __future__ import annotations

import pytest
import torch
from torch import nn

from handwriting.errors import ConfigError
from handwriting.networks.conditioning import Condition, Dense
from handwriting.networks.layers import parse, trace
from handwriting.networks.stack import Stack

NOTHING = torch.zeros(4, 0, dtype=torch.long)
NONE = Condition({})


CONVOLUTIONS = [
    f"{kind} 6 k{kernel} s{stride}"
    for kind in ("conv", "transposed")
    for kernel in (1, 2, 3, 4, 5, 7)
    for stride in (1, 2, 3)
    if stride <= kernel and (stride > 1 or kernel % 2)
]
OTHERS = [
    "upsample 2",
    "upsample 3",
    "shuffle 2",
    "unshuffle 2",
    "unshuffle 7",
    "dense 10",
    "reshape 112x4x7",
    "concat",
]


@pytest.mark.parametrize("layer", [*CONVOLUTIONS, *OTHERS, "dense 2x3x5 batch leaky0.3"])
@pytest.mark.parametrize("side", [14, 28])
def test_the_size_that_is_foretold_is_the_size_that_is_made(layer, side):
    shape = (3136 // side**2, side, side)
    made = Stack([layer], shape, NONE)(torch.rand(4, *shape), NOTHING)
    assert tuple(made.shape[1:]) == trace([layer], shape)[-1]


@pytest.mark.parametrize(("side", "halved"), [(28, 14), (7, 4), (14, 7), (128, 64)])
def test_a_stride_divides_the_side_as_same_padding_does_with_odd_kernels(side, halved):
    for kernel in (3, 5, 7):
        assert trace([f"conv 8 k{kernel} s2"], (1, side, side))[-1] == (8, halved, halved)
        assert trace([f"transposed 8 k{kernel} s2"], (1, side, side))[-1] == (8, 2 * side, 2 * side)


def test_what_follows_the_weights_comes_in_the_order_norm_activation_dropout():
    (step,) = Stack(["conv 8 dropout0.3 leaky0.2 batch0.25 nobias"], (1, 8, 8), NONE).steps
    weight, norm, activation, dropout = step
    assert (weight.bias, norm.momentum, activation.negative_slope, dropout.p) == (None, 0.25, 0.2, 0.3)


def test_a_norm_after_a_dense_layer_is_over_its_units_or_over_the_channels_of_its_map():
    (units,) = Stack(["dense 12 batch"], (5,), NONE).steps
    (channels,) = Stack(["dense 3x2x2 batch"], (5,), NONE).steps
    assert [type(layer) for layer in units] == [Dense, nn.BatchNorm1d]
    assert channels[-1].num_features == 3


def test_a_map_goes_through_units_and_back_unchanged():
    maps = torch.rand(4, 6, 5, 3)
    assert torch.equal(Stack(["concat", "reshape 6x5x3"], (6, 5, 3), NONE)(maps, NOTHING), maps)


def test_a_join_puts_each_part_where_it_is_told_to():
    condition, indices = Condition({"class": 3, "style": 2}), torch.tensor([[2, 0]])
    values = torch.tensor([[7.0, 8.0]])
    joined = {order: Stack([order], (2,), condition)(values, indices)[0].tolist()
              for order in ("concat", "concat input class style", "concat class input style")}  # fmt: skip
    assert joined["concat"] == joined["concat input class style"] == [7, 8, 0, 0, 1, 1, 0]
    assert joined["concat class input style"] == [0, 0, 1, 7, 8, 1, 0]


def test_every_weight_of_a_spectral_stack_is_limited():
    stack = Stack(["conv 8 s2", "dense 4x2x2", "transposed 3 s2"], (1, 8, 8), NONE, spectral=True)
    assert [name for name, _ in stack.named_parameters() if "weight" in name and "original" not in name] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "begins with conv"),
        ("convolution 64", "Did you mean conv?"),
        ("conv", "followed by its size"),
        ("conv 0", "followed by its size"),
        ("conv 64x7x7", "followed by its size"),
        ("reshape 12544", "such as 64x7x7"),
        ("conv 64 relux", "relux is no option"),
        ("conv 64 leaky", "leaky0.2"),
        ("conv 64 relu tanh", "relu and tanh exclude"),
        ("conv 64 k4", "must be odd"),
        ("conv 64 k2 s3", "at least as large as the stride"),
        ("dense 64 k3", "neither kernel nor stride"),
        ("dense 64 instance", "lay the units out"),
        ("upsample 2 relu", "takes no options"),
    ],
)
def test_words_that_make_no_layer_are_refused_with_what_would(text, told):
    with pytest.raises(ValueError, match=told):
        parse(text)


@pytest.mark.parametrize(
    ("layers", "shape", "told"),
    [
        (["dense 8", "conv 4"], (5,), "by dense 64x7x7 before it"),
        (["reshape 4x4x4"], (60,), "60 units cannot be laid out"),
        (["conv 8 k4 s2"] * 5, (1, 28, 28), "too small"),
        (["shuffle 2"], (6, 4, 4), "6 channels"),
        (["unshuffle 2"], (1, 7, 7), "7x7 pixels"),
    ],
)
def test_a_layer_that_cannot_take_what_reaches_it_is_named(layers, shape, told):
    with pytest.raises(ConfigError, match=f"model.x: '{layers[-1]}' cannot be made.*{told}"):
        trace(layers, shape, key="model.x")


@pytest.mark.parametrize(
    ("layers", "condition", "told"),
    [
        (["dense 8"], Condition({"class": 3}), "no layer takes class: add 'concat'"),
        (["concat input clas"], Condition({"class": 3}), "Did you mean class"),
        (["concat input"], Condition({"class": 3}), "must name each of input, class once"),
        (["concat class input"], Condition({"class": 3}, "embedding"), "write 'concat' alone"),
    ],
)
def test_a_condition_that_would_be_lost_is_refused(layers, condition, told):
    with pytest.raises(ConfigError, match=told):
        Stack(layers, (5,), condition)
