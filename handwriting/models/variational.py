"""The family of variational autoencoders."""

from typing import Any, ClassVar, Literal

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.optim import Optimizer

from handwriting.data.loading.module import Batch
from handwriting.errors import ConfigError
from handwriting.models.base import GlyphModel
from handwriting.models.losses import Likelihood, kl_to_prior, negative_log_likelihood, with_free_bits
from handwriting.models.optimisation import LearningRate
from handwriting.models.sampling import MAX_BATCH_GLYPHS
from handwriting.networks import architectures
from handwriting.networks.architectures import Norm, Upsample
from handwriting.networks.averaging import MovingAverage
from handwriting.networks.conditioning import Condition, Encoding
from handwriting.networks.layers import Layers
from handwriting.networks.prior import MixturePrior, NormalPrior, log_normal
from handwriting.networks.variational import Decoder, Encoder

NETWORKS = ("encoder", "decoder", "prior")
"""The attributes that hold the trained networks; ``averaged`` holds a copy of each, in this order."""

NetworkName = Literal["encoder", "decoder", "prior"]


class VariationalModel(GlyphModel):
    r"""A variational autoencoder (Kingma and Welling, 2014).

    .. math:: L = -\log p(x | z, y) + \beta\, KL(q(z | x, y) \| N(0, 1)), \quad z = \mu + \sigma \epsilon

    in nats, summed over pixels and latents, averaged over glyphs. Training minimises it with ``kl_weight`` warmed up
    and free bits subtracted; the logged ``loss`` is always the whole of it, so that the curves of training and
    validation, and of one epoch and the next, are comparable.

    Attributes:
        likelihood: ``bernoulli`` (summed binary cross-entropy), ``continuous_bernoulli`` or ``gaussian``.
        kl_weight: The beta of a beta-VAE (Higgins et al., 2017); 1 is the evidence lower bound.
        kl_warmup: Batches over which the weight of the KL term grows from 0; 0 for none.
        free_bits: Nats of each latent's KL term that are not penalised.
        prior_components: Gaussians of the mixture that is learned as the prior p(z|y) of each condition; 0 for N(0, 1).
        binarise: Train on pixels that are sampled black or white by their grey level, again for each batch (Burda et
            al., 2016): a Bernoulli likelihood is one of such pixels.
        norm: Normalisation between convolutions. This, ``upsample`` and ``pixel_shuffle`` are for ``network=conv``.
        upsample: ``transposed`` or ``resize`` convolutions in the decoder.
        pixel_shuffle: Let the decoder's last doubling rearrange channels into pixels.
        encoder_layers: With ``network=layers``: from the image to the features that the latent's mean and variance
            are computed from; see :mod:`handwriting.networks.layers`.
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
    lr: LearningRate = 2e-3

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
        """Whether the encoder receives the condition."""
        return False

    @property
    def encoding(self) -> Encoding:
        """How a condition is encoded."""
        return "onehot"

    def layers(self) -> tuple[Layers, Layers]:
        """Return the layers of encoder and decoder in words; see :mod:`handwriting.networks.layers`.

        Returns:
            The encoder's, from the image ``(1, H, W)`` to features of any shape; and the decoder's, from the latent
            ``(latent_dim,)`` to one image ``(1, H, W)`` of unbounded logits. Each says by ``concat`` where conditions
            enter.
        """
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
        return (*encoder, "concat"), ("concat", *decoder)

    def build_networks(self) -> None:
        """Create ``encoder``, ``decoder``, ``prior``, the scale of a Gaussian likelihood, and averaged copies."""
        encoder, decoder = self.layers()
        encoder_sizes = self.condition_sizes if self.encoder_is_conditioned else {}
        encoder_condition = Condition(encoder_sizes, self.encoding)
        self.encoder = Encoder(encoder, self.image_size, self.latent_dim, encoder_condition)
        decoder_condition = Condition(self.condition_sizes, self.encoding)
        self.decoder = Decoder(decoder, self.image_size, self.latent_dim, decoder_condition)
        self.prior = (
            MixturePrior(self.latent_dim, self.prior_components, tuple(self.condition_sizes.values()))
            if self.prior_components
            else NormalPrior(self.latent_dim)
        )
        self.log_scale = nn.Parameter(torch.zeros(()), requires_grad=self.likelihood == "gaussian")
        self.averaged = MovingAverage(self._trained_networks(), self.ema_decay)

    def _trained_networks(self) -> nn.ModuleList:
        return nn.ModuleList([getattr(self, name) for name in NETWORKS])

    def configure_optimizers(self) -> Optimizer:
        """Return one optimizer over all weights."""
        return self.optimizer_for(self)

    def update_ema(self, batches: range) -> None:
        """Move the averaged networks towards the trained ones."""
        self.averaged.update(self._trained_networks(), batches)

    def adopt_average(self) -> None:
        """Replace the weights of all networks by the averaged ones."""
        self.averaged.copy_to(self._trained_networks())

    def active_network(self, network: NetworkName) -> Any:
        """Return a network with its trained weights in training mode, and with averaged weights otherwise."""
        if self.training:
            return getattr(self, network)
        return self.averaged.average[NETWORKS.index(network)]  # type: ignore[index]

    def posterior(self, images: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of q(z | x, y), ``(N, latent_dim)`` each."""
        return self.active_network("encoder")(images, condition)

    def reparameterise(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """Sample a latent from N(mean, exp(log_variance)), ``(N, latent_dim)``, so that gradients reach both."""
        return mean + self.sample_globally(torch.randn_like, mean) * (0.5 * log_variance).exp()

    def loss_terms(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return both terms of the loss in nats: of each glyph ``(N,)``, and of each latent ``(N, latent_dim)``.

        Under a learned prior the KL term is that of the sampled latent, in one piece: ``(N, 1)``.
        """
        condition = self.condition(batch)
        mean, log_variance = self.posterior(batch.image, condition)
        latent = self.reparameterise(mean, log_variance)
        logits = self.active_network("decoder")(latent, condition)
        reconstruction = negative_log_likelihood(self.likelihood, logits, batch.image, self.log_scale)
        if not self.prior_components:
            return reconstruction, kl_to_prior(mean, log_variance)
        kl = log_normal(latent, mean, log_variance) - self.active_network("prior").log_density(latent, condition)
        return reconstruction, kl.unsqueeze(1)

    def binarised(self, batch: Batch) -> Batch:
        """Return a batch with black and white pixels where ``binarise`` says so, otherwise the batch itself."""
        return batch._replace(image=self.sample_globally(torch.bernoulli, batch.image)) if self.binarise else batch

    def record_terms(self, reconstruction: Tensor, kl: Tensor) -> None:
        """Add both terms, and the loss that they make, to the running means.

        Args:
            reconstruction: Nats of each glyph, ``(N,)``.
            kl: Nats of each glyph and latent, ``(N, D)``.
        """
        kl = kl.sum(dim=1)
        loss = reconstruction + self.kl_weight * kl
        values = {"loss": loss.mean(), "reconstruction": reconstruction.mean(), "kl": kl.mean()}
        self.running_means.add(values, weight=len(kl))

    def train_batch(self, batch: Batch) -> None:
        """Minimise the loss, with the KL term weighted by the warm-up so far."""
        kl_factor = min(1.0, (self.batches + 1) / self.kl_warmup) if self.kl_warmup else 1.0

        def loss() -> Tensor:
            reconstruction, kl = self.loss_terms(self.binarised(batch))
            self.record_terms(reconstruction, kl)
            return reconstruction.mean() + self.kl_weight * kl_factor * with_free_bits(kl, self.free_bits)

        self.step_optimizer(self.optimizers(), loss)

    def validate_batch(self, batch: Batch) -> None:
        """Add the loss of a validation batch to the running means."""
        self.record_terms(*self.loss_terms(self.binarised(batch)))

    # Generating and encoding

    def sample_latents(self, conditions: Tensor, generator: torch.Generator | None, temperature: float = 1.0) -> Tensor:
        """Return latents from the averaged prior, ``(N, latent_dim)`` on the CPU."""
        with self.evaluating():
            return self.active_network("prior").sample(conditions, generator, temperature)

    def decode(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return the mean of p(x | z, y), ``(N, 1, H, W)`` in [0, 1]; arguments as for :meth:`generate`."""
        return self.active_network("decoder")(latent, condition).sigmoid()

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return the mean image of each latent."""
        return self.decode(latent, condition)

    def encode(self, batch: Batch) -> Tensor:
        """Return the mean latent of each glyph, ``(N, latent_dim)``, on the CPU."""
        with self.evaluating():
            latents = [self.posterior(chunk.image, self.condition(chunk))[0].cpu() for chunk in self._chunks(batch)]
        return torch.cat(latents)

    def negative_elbo(self, batch: Batch, seed: int) -> tuple[Tensor, Tensor]:
        r"""Return both terms of the bound :math:`-\log p(x | y) \le R + KL` in nats, ``(N,)`` each, on the CPU.

        Args:
            batch: The glyphs.
            seed: Seed of the one latent that is sampled for each glyph.
        """
        terms = []
        with self.evaluating(), torch.random.fork_rng():
            torch.manual_seed(seed)
            for chunk in self._chunks(batch):
                reconstruction, kl = self.loss_terms(chunk)
                terms.append((reconstruction.cpu(), kl.sum(dim=1).cpu()))
        reconstructions, kls = zip(*terms, strict=True)
        return torch.cat(reconstructions), torch.cat(kls)

    def log_weights(self, batch: Batch, samples: int, generator: torch.Generator) -> Tensor:
        r"""Return :math:`\log \frac{p(x | z_k, y)\,p(z_k)}{q(z_k | x, y)}` of latents from q, ``(N, samples)``.

        Their log-mean-exp is the importance-weighted bound on :math:`\log p(x | y)` (Burda et al., 2016).

        Args:
            batch: The glyphs.
            samples: Number of latents for each glyph.
            generator: On the CPU.
        """
        batch = Batch(*(tensor.to(self.device) for tensor in batch))
        condition = self.condition(batch)
        columns = []
        with self.evaluating():
            mean, log_variance = self.posterior(batch.image, condition)
            per_pass = max(1, MAX_BATCH_GLYPHS // len(mean))
            for start in range(0, samples, per_pass):
                count = min(per_pass, samples - start)
                noise = torch.randn(count, *mean.shape, generator=generator).to(self.device)
                latent, repeated = mean + noise * (0.5 * log_variance).exp(), condition.repeat(count, 1)
                logits = self.active_network("decoder")(latent.flatten(0, 1), repeated)
                images = batch.image.repeat(count, 1, 1, 1)
                likelihood = -negative_log_likelihood(self.likelihood, logits, images, self.log_scale)
                prior = self.active_network("prior").log_density(latent.flatten(0, 1), repeated)
                posterior = log_normal(latent, mean, log_variance)
                columns.append(((likelihood + prior).view(count, -1) - posterior).T.cpu())
        return torch.cat(columns, dim=1)

    def reconstruct(self, batch: Batch) -> Tensor:
        """Return each glyph encoded to its mean and decoded again, ``(N, 1, H, W)`` in [0, 1], on the CPU."""
        return self.render(self.encode(batch), self.condition(batch))

    def _chunks(self, batch: Batch) -> list[Batch]:
        """Split a batch into batches of at most ``MAX_BATCH_GLYPHS`` on the model's device."""
        split = (tensor.to(self.device).split(MAX_BATCH_GLYPHS) for tensor in batch)
        return [Batch(*tensors) for tensors in zip(*split, strict=True)]
