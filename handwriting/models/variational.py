"""The family of variational autoencoders."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.optim import Optimizer

from handwriting.data.loading.module import Batch
from handwriting.errors import ConfigError
from handwriting.models.base import MAX_BATCH, GlyphModel
from handwriting.models.losses import Likelihood, kl_to_prior, negative_log_likelihood, with_free_bits
from handwriting.networks import architectures
from handwriting.networks.architectures import Norm, Upsample
from handwriting.networks.averaging import MovingAverage
from handwriting.networks.conditioning import Condition, Encoding
from handwriting.networks.layers import Layers
from handwriting.networks.prior import MixturePrior, NormalPrior, log_normal
from handwriting.networks.variational import Decoder, Encoder

NETWORKS = ("encoder", "decoder", "prior")
"""What is trained, and averaged, of a variational autoencoder."""


@dataclass(eq=False, repr=False, kw_only=True)
class VariationalModel(GlyphModel):
    r"""A variational autoencoder (Kingma and Welling, 2014).

    .. math:: L = -\log p(x | z, y) + \beta\, KL(q(z | x, y) \| N(0, 1)), \quad z = \mu + \sigma \epsilon

    in nats, summed over pixels and latents, averaged over glyphs. Training minimises it with ``kl_weight`` warmed up
    and free bits taken off; what is logged as ``loss`` is always the whole of it, so that the curves of training and
    validation, and of one epoch and the next, mean the same.

    Attributes:
        likelihood: ``bernoulli`` (summed binary cross-entropy), ``continuous_bernoulli`` or ``gaussian``.
        kl_weight: The beta of a beta-VAE (Higgins et al., 2017); 1 is the evidence lower bound.
        kl_warmup: Batches over which the weight of the KL term grows from 0; 0 for none.
        free_bits: Nats that each latent may cost for nothing.
        prior_components: Gaussians of the mixture that is learned as the prior p(z|y) of each condition; 0 for N(0, 1).
        binarise: Train on pixels that are drawn black or white by their grey level, anew every time (Burda et al.,
            2016): what a Bernoulli likelihood is one of.
        norm: Normalisation between convolutions. This, ``upsample`` and ``pixel_shuffle`` are for ``network=conv``.
        upsample: ``transposed`` or ``resize`` convolutions in the decoder.
        pixel_shuffle: Let the decoder make its last doubling by rearranging channels into pixels.
        encoder_layers: With ``network=layers``: from the image to the features that the latent's mean and variance
            are read off; see :mod:`handwriting.networks.layers`.
        decoder_layers: With ``network=layers``: from the latent to the image.
    """

    likelihood: Likelihood = "bernoulli"
    kl_weight: NonNegativeFloat = 1.0
    kl_warmup: NonNegativeInt = 0
    free_bits: NonNegativeFloat = 0.0
    prior_components: NonNegativeInt = 0
    binarise: bool = False
    norm: Norm = "batch"
    upsample: Upsample = "transposed"
    pixel_shuffle: bool = True
    channels: PositiveInt = 64
    encoder_layers: Layers = ()
    decoder_layers: Layers = ()
    lr: PositiveFloat = 2e-3

    layer_keys: ClassVar[tuple[str, str]] = ("encoder_layers", "decoder_layers")
    summary_fields: ClassVar[tuple[str, ...]] = (*GlyphModel.summary_fields, "network", "likelihood", "kl_weight")
    monitor: ClassVar[str] = "val/loss"

    def check(self) -> None:
        """Refuse settings that do not go together."""
        super().check()
        if self.prior_components and self.free_bits:
            raise ConfigError(
                f"model.free_bits={self.free_bits} counts the nats of each latent, which model.prior_components="
                f"{self.prior_components} does not tell apart: set one of them to 0."
            )
        if self.binarise and self.likelihood != "bernoulli":
            raise ConfigError(f"model.binarise=true is for model.likelihood=bernoulli, not {self.likelihood}.")

    @property
    def encoder_is_conditioned(self) -> bool:
        """Whether the encoder is shown the condition."""
        return False

    @property
    def encoding(self) -> Encoding:
        """How a condition is encoded."""
        return "onehot"

    def layers(self) -> tuple[Layers, Layers]:
        """Return what encoder and decoder are made of."""
        size, channels = self.image_size, self.channels
        if self.network == "layers":
            return self.encoder_layers, self.decoder_layers
        if self.network == "mlp":
            encoder, decoder = (
                architectures.mlp_downsampler(4 * channels, dropout=0.0),
                architectures.mlp_upsampler(size, channels),
            )
        else:
            encoder = architectures.conv_downsampler(
                size, 4 * channels, channels, self.norm, dropout=0.0, pixel_shuffle=False
            )
            decoder = architectures.conv_upsampler(size, channels, self.norm, self.upsample, self.pixel_shuffle)
        return (*encoder, "join"), ("join", *decoder)

    def build_networks(self) -> None:
        """Create encoder, decoder, and the learned scale of a Gaussian likelihood."""
        encoder, decoder = self.layers()
        shown = self.condition_sizes if self.encoder_is_conditioned else {}
        self.encoder = Encoder(encoder, self.image_size, self.latent_dim, Condition(shown, self.encoding))
        asked = Condition(self.condition_sizes, self.encoding)
        self.decoder = Decoder(decoder, self.image_size, self.latent_dim, asked)
        self.prior = (
            MixturePrior(self.latent_dim, self.prior_components, tuple(self.condition_sizes.values()))
            if self.prior_components
            else NormalPrior(self.latent_dim)
        )
        self.log_scale = nn.Parameter(torch.zeros(()), requires_grad=self.likelihood == "gaussian")
        self.averaged = MovingAverage(self._trained(), self.ema_decay)

    def _trained(self) -> nn.ModuleList:
        return nn.ModuleList([getattr(self, name) for name in NETWORKS])

    def configure_optimizers(self) -> Optimizer:
        """One optimizer over everything."""
        return self.optimizer_for(self)

    def update_ema(self, batches: range) -> None:
        """Let the averaged weights follow."""
        self.averaged.update(self._trained(), batches)

    def in_use(self, network: Literal["encoder", "decoder", "prior"]) -> Any:
        """Return a network as it is while training, and with averaged weights otherwise."""
        if self.training:
            return getattr(self, network)
        return self.averaged.average[NETWORKS.index(network)]  # type: ignore[index]

    def posterior(self, images: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of q(z | x, y), ``(N, latent_dim)`` each."""
        return self.in_use("encoder")(images, condition)

    def reparameterise(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Draw a latent from N(mean, exp(log_variance)) so that gradients reach both."""
        return mean + self.joint(torch.randn_like, mean) * (0.5 * log_variance).exp()

    def terms(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return both terms of the loss in nats: of each glyph ``(N,)``, and of each latent ``(N, latent_dim)``.

        Under a learned prior the KL term is that of the drawn latent, in one piece: ``(N, 1)``.
        """
        condition = self.condition(batch)
        mean, log_variance = self.posterior(batch.image, condition)
        latent = self.reparameterise(mean, log_variance)
        logits = self.in_use("decoder")(latent, condition)
        reconstruction = negative_log_likelihood(self.likelihood, logits, batch.image, self.log_scale)
        if not self.prior_components:
            return reconstruction, kl_to_prior(mean, log_variance)
        kl = log_normal(latent, mean, log_variance) - self.in_use("prior").log_density(latent, condition)
        return reconstruction, kl.unsqueeze(1)

    def as_trained_on(self, batch: Batch) -> Batch:
        """Return a batch as the loss takes it: binarised, where that is asked for."""
        return batch._replace(image=self.joint(torch.bernoulli, batch.image)) if self.binarise else batch

    def record(self, reconstruction: Tensor, kl: Tensor) -> None:
        """Add both terms, and the loss that they make, to the averages."""
        kl = kl.sum(dim=1)
        loss = reconstruction + self.kl_weight * kl
        values = {"loss": loss.mean(), "reconstruction": reconstruction.mean(), "kl": kl.mean()}
        self.averages.add(values, weight=len(kl))

    def train_batch(self, batch: Batch) -> None:
        """Minimise the loss, with the KL term as warm as it is by now."""
        kl_factor = min(1.0, (self.batches + 1) / self.kl_warmup) if self.kl_warmup else 1.0

        def loss() -> Tensor:
            reconstruction, kl = self.terms(self.as_trained_on(batch))
            self.record(reconstruction, kl)
            return reconstruction.mean() + self.kl_weight * kl_factor * with_free_bits(kl, self.free_bits)

        self.step_optimizer(self.optimizers(), loss)

    def validate_batch(self, batch: Batch) -> None:
        """Add the loss of a validation batch to the averages."""
        self.record(*self.terms(self.as_trained_on(batch)))

    # Generating and encoding

    def sample_latents(self, conditions: Tensor, generator: torch.Generator | None, spread: float = 1.0) -> Tensor:
        """Return a latent drawn from the prior, ``(N, latent_dim)``, for each of the conditions ``(N, C)``."""
        with self.evaluating():
            return self.in_use("prior").sample(conditions, generator, spread)

    def decode(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return the mean of p(x | z, y), ``(N, 1, H, W)`` in [0, 1]."""
        return self.in_use("decoder")(latent, condition).sigmoid()

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return the mean image of each latent."""
        return self.decode(latent, condition)

    def encode(self, batch: Batch) -> Tensor:
        """Return the mean latent of each glyph, ``(N, latent_dim)``, on the CPU."""
        with self.evaluating():
            parts = [self.posterior(part.image, self.condition(part))[0].cpu() for part in self._parts(batch)]
        return torch.cat(parts)

    def negative_elbo(self, batch: Batch, seed: int) -> tuple[Tensor, Tensor]:
        r"""Return both terms of the bound :math:`-\log p(x | y) \le R + KL` in nats, ``(N,)`` each, on the CPU.

        Args:
            batch: The glyphs.
            seed: What one latent for each glyph is drawn from.
        """
        parts = []
        with self.evaluating(), torch.random.fork_rng():
            torch.manual_seed(seed)
            for part in self._parts(batch):
                reconstruction, kl = self.terms(part)
                parts.append((reconstruction.cpu(), kl.sum(dim=1).cpu()))
        reconstructions, kls = zip(*parts, strict=True)
        return torch.cat(reconstructions), torch.cat(kls)

    def log_weights(self, batch: Batch, samples: int, generator: torch.Generator) -> Tensor:
        r"""Return :math:`\log \frac{p(x | z_k, y)\,p(z_k)}{q(z_k | x, y)}` of latents drawn from q, ``(N, samples)``.

        Their log-mean-exp is the importance-weighted bound on :math:`\log p(x | y)` (Burda et al., 2016).

        Args:
            batch: The glyphs.
            samples: Latents for each glyph.
            generator: On the CPU.
        """
        batch = Batch(*(tensor.to(self.device) for tensor in batch))
        condition = self.condition(batch)
        columns = []
        with self.evaluating():
            mean, log_variance = self.posterior(batch.image, condition)
            at_once = max(1, MAX_BATCH // len(mean))
            for start in range(0, samples, at_once):
                many = min(at_once, samples - start)
                noise = torch.randn(many, *mean.shape, generator=generator).to(self.device)
                latent, asked = mean + noise * (0.5 * log_variance).exp(), condition.repeat(many, 1)
                logits = self.in_use("decoder")(latent.flatten(0, 1), asked)
                images = batch.image.repeat(many, 1, 1, 1)
                fit = -negative_log_likelihood(self.likelihood, logits, images, self.log_scale)
                prior = self.in_use("prior").log_density(latent.flatten(0, 1), asked)
                columns.append(((fit + prior).view(many, -1) - log_normal(latent, mean, log_variance)).T.cpu())
        return torch.cat(columns, dim=1)

    def reconstruct(self, batch: Batch) -> Tensor:
        """Return each glyph encoded to its mean and decoded again, ``(N, 1, H, W)`` in [0, 1], on the CPU."""
        return self.render(self.encode(batch), self.condition(batch))

    def _parts(self, batch: Batch) -> list[Batch]:
        """Split a batch into batches of at most ``MAX_BATCH`` on the model's device."""
        split = (tensor.to(self.device).split(MAX_BATCH) for tensor in batch)
        return [Batch(*tensors) for tensors in zip(*split, strict=True)]
