"""What is the fused recurrence's own: threads, and compiling where nothing can be kept on disk."""

import numba
import numpy as np
import pytest
import torch

from tlteach.plasticity import PlasticRNN
from tlteach.plasticity.recurrence import fused, kernels


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(fused, "WORTH_A_THREAD", 1)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize("rule", ["hebb", "oja"])
def test_threads_share_the_batch_and_change_nothing(two_threads, rule):
    torch.manual_seed(0)
    layer = PlasticRNN(6, 6, rule=rule, input_map=False, implementation="fused", dtype=torch.double)
    input = torch.randn(9, 5, 6, dtype=torch.double)  # 5 episodes do not divide by 2
    gradients = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        layer.zero_grad()
        output, state = layer(input)
        (output.square().sum() + state.trace.sum()).backward()
        gradients[threads] = [output, state.trace, *(p.grad.clone() for p in layer.parameters())]
    torch.testing.assert_close(gradients[2], gradients[1])


@pytest.mark.parametrize("kernel", ["forward", "backward"])
def test_what_goes_wrong_in_a_thread_is_heard(two_threads, monkeypatch, kernel):
    real = getattr(kernels, kernel)

    def faulty(first, *arguments):
        if first:
            raise MemoryError("in the second thread")
        return real(first, *arguments)

    monkeypatch.setattr(kernels, kernel, faulty)
    layer = PlasticRNN(6, 6, input_map=False, implementation="fused")
    with pytest.raises(MemoryError, match="in the second thread"):
        layer(torch.randn(9, 4, 6))[0].sum().backward()


def test_without_a_folder_for_its_cache_it_compiles_all_the_same(monkeypatch):
    real = numba.njit

    def njit(*, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(numba, "njit", njit)
    assert kernels.compiled(lambda a: a + 1)(2) == 3


@pytest.mark.parametrize("dtype, digits", [(np.float32, 3e-7), (np.float64, 1e-15)])
def test_tanh_is_tanh(dtype, digits):
    z = np.concatenate([np.linspace(-25, 25, 2001), np.logspace(-12, 0, 50), [np.inf, -np.inf]]).astype(dtype)
    out = np.empty_like(z)
    kernels.tanh_into(out, z)
    np.testing.assert_allclose(out, np.tanh(z.astype(np.float64)), rtol=10 * digits, atol=0)
    assert np.abs(out).max() <= 1
    kernels.tanh_into(out[:1], np.array([np.nan], dtype))
    assert np.isnan(out[0])
