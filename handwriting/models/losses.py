"""The losses of both families: pure functions over tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.distributions import ContinuousBernoulli
from torch.nn import functional as F

Likelihood = Literal["bernoulli", "continuous_bernoulli", "gaussian"]


def negative_log_likelihood(likelihood: Likelihood, logits: Tensor, images: Tensor, log_scale: Tensor) -> Tensor:
    r"""Return :math:`-\log p(x | z)` in nats, summed over pixels, ``(N,)``.

    - ``bernoulli``: the binary cross-entropy; for grey pixels not a density, but what the literature reports.
    - ``continuous_bernoulli``: the same with the normalising constant that makes it a density on [0, 1]
      (Loaiza-Ganem and Cunningham, 2019).
    - ``gaussian``: mean ``sigmoid(logits)`` and one learned scale for all pixels (Rybkin et al., 2021).

    Args:
        likelihood: One of the above.
        logits: ``(N, 1, H, W)``, unbounded.
        images: ``(N, 1, H, W)`` in [0, 1].
        log_scale: Logarithm of the Gaussian's standard deviation, a scalar; the others ignore it.
    """
    logits = logits.float()  # in bfloat16 no pixel's probability would come nearer to 0 or 1 than 0.008
    if likelihood == "bernoulli":
        pixels = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    elif likelihood == "continuous_bernoulli":
        pixels = -ContinuousBernoulli(logits=logits, validate_args=False).log_prob(images)
    else:
        scaled = (images - logits.sigmoid()) / log_scale.exp()
        pixels = 0.5 * scaled**2 + log_scale + 0.5 * torch.log(torch.tensor(2 * torch.pi))
    return pixels.flatten(1).sum(dim=1)


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Return :math:`KL(N(\mu, \sigma^2) \| N(0, 1)) = \frac12(\mu^2 + \sigma^2 - \log \sigma^2 - 1)` of each latent.

    Args:
        mean: ``(N, D)``.
        log_variance: ``(N, D)``.

    Returns:
        Nats, ``(N, D)``.
    """
    return 0.5 * (mean**2 + log_variance.exp() - log_variance - 1)


def with_free_bits(kl: Tensor, free_bits: float) -> Tensor:
    """Return the KL term of a loss that does not press a latent below ``free_bits`` nats (Kingma et al., 2016, C.8).

    Args:
        kl: Nats of each glyph and latent, ``(N, D)``.
        free_bits: Nats a latent may cost for nothing, on the average over the batch.

    Returns:
        A scalar, nats.
    """
    return kl.mean(dim=0).clamp(min=free_bits).sum()


def discriminator_bce(real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """Binary cross-entropy; real images count as ``1 - smoothing`` (one-sided, Salimans et al., 2016).

    Args:
        real: Scores of real images, ``(N,)``.
        fake: Scores of generated images, ``(M,)``.
        smoothing: In 0..1.
    """
    real_loss = F.binary_cross_entropy_with_logits(real, torch.full_like(real, 1 - smoothing))
    return real_loss + F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))


def generator_bce(fake: Tensor) -> Tensor:
    r"""The non-saturating loss of Goodfellow et al. (2014): :math:`-\log D(G(z))`."""
    return F.softplus(-fake).mean()


def discriminator_hinge(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss (Lim and Ye, 2017): scores are pushed above 1 for real images and below -1 for generated ones."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Minus the estimate of the Wasserstein distance: ``mean(fake) - mean(real)``."""
    return fake.mean() - real.mean()


def generator_score(fake: Tensor) -> Tensor:
    """Minus the mean score: the generator's loss against a hinge discriminator or a Wasserstein critic."""
    return -fake.mean()


def gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    r"""Return :math:`(\|\nabla_{\hat x} D(\hat x)\|_2 - 1)^2` at a point between each real and generated image.

    Gulrajani et al. (2017), equation 3. Every image has its own epsilon, the norm runs over all its pixels, and the
    whole of it is computed in float32 even under autocast: its double backward loses too much in bfloat16.

    Args:
        score: Scores ``(N,)`` of images ``(N, 1, H, W)``; each may depend on its own image only.
        real: ``(N, 1, H, W)``.
        fake: ``(N, 1, H, W)``.
        epsilon: Share of the real image at each point, in 0..1, ``(N, 1, 1, 1)``.

    Returns:
        ``(N,)``.
    """
    between = torch.lerp(fake.detach().float(), real.float(), epsilon).requires_grad_(True)
    with torch.autocast(between.device.type, enabled=False):
        (gradient,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1) ** 2
