"""The family of adversarial models."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor
from torch.optim import Optimizer

from handwriting.data.loading.module import Batch
from handwriting.models.base import GlyphModel
from handwriting.models.optimisation import Betas, LearningRate, Share
from handwriting.networks import architectures
from handwriting.networks.adversarial import Conditioning, Discriminator, DiscriminatorOutput, Generator, Output
from handwriting.networks.architectures import Norm, Upsample
from handwriting.networks.averaging import MovingAverage
from handwriting.networks.initialisation import Initialisation, initialise
from handwriting.networks.layers import Layers, parse


class AdversarialModel(GlyphModel):
    """A generator against a discriminator; a GAN overrides the two losses and, if need be, a penalty.

    Every batch updates the discriminator; every ``critic_steps``-th batch then updates the generator, so that each
    update of the discriminator sees new glyphs.

    Attributes:
        critic_steps: Discriminator updates for each update of the generator.
        norm: Normalisation in the generator. This, ``discriminator_norm``, ``upsample`` and ``pixel_shuffle`` are for
            ``network=conv``.
        discriminator_norm: Normalisation in the discriminator; with ``batch``, real and generated images are passed
            separately, so that neither is recognised by the other's statistics.
        dropout: Probability of dropping a value after each convolution, or hidden layer, of the discriminator.
        spectral_norm: Divide each weight of the discriminator by its largest singular value.
        upsample: ``transposed`` or ``resize`` convolutions in the generator.
        pixel_shuffle: Rearrange pixels into channels at the discriminator's entry and back at the generator's exit.
        output: ``tanh`` for images in [-1, 1], ``sigmoid`` for [0, 1].
        initialisation: Starting weights: PyTorch's ``default``, ``glorot_uniform``, ``glorot_normal`` or ``dcgan``.
        score_initialisation: Starting weights of the discriminator's last layer; those of ``initialisation`` where
            None.
        generator_layers: With ``network=layers``: from the noise to the image; see
            :mod:`handwriting.networks.layers`.
        discriminator_layers: With ``network=layers``: from the image to the features that the score is computed from.
    """

    channels: PositiveInt = 64
    lr: LearningRate = 1e-3
    betas: Betas = (0.0, 0.9)
    critic_steps: PositiveInt = 1
    norm: Norm = "batch"
    discriminator_norm: Norm = "none"
    dropout: Share = 0.0
    spectral_norm: bool = True
    upsample: Upsample = "transposed"
    pixel_shuffle: bool = True
    output: Output = "tanh"
    initialisation: Initialisation = "default"
    score_initialisation: Initialisation | None = None
    generator_layers: Layers = ()
    discriminator_layers: Layers = ()

    layer_keys: ClassVar[tuple[str, str]] = ("generator_layers", "discriminator_layers")
    monitor: ClassVar[str] = "val/fid"

    # Networks

    @property
    def conditioning_method(self) -> Conditioning:
        """How a condition enters both networks, where there is one."""
        return "projection"

    def layers(self) -> tuple[Layers, Layers]:
        """Return the layers of generator and discriminator in words; see :mod:`handwriting.networks.layers`.

        Returns:
            The generator's, from the latent ``(latent_dim,)`` to one unbounded image ``(1, H, W)``; and the
            discriminator's, from the image to features of any shape. Each says by ``concat`` where one-hot conditions
            enter.
        """
        size, channels, features = self.image_size, self.channels, 2 * self.channels
        if self.network == "layers":
            return self.generator_layers, self.discriminator_layers
        if self.network == "mlp":
            generator, discriminator = (
                architectures.mlp_upsampler(size, channels),
                architectures.mlp_downsampler(features, self.dropout),
            )
        else:
            generator = architectures.conv_upsampler(size, channels, self.norm, self.upsample, self.pixel_shuffle)
            discriminator = architectures.conv_downsampler(
                size, features, channels, self.discriminator_norm, self.dropout, self.pixel_shuffle
            )
        return ("concat", *generator), (*discriminator, "concat")

    @property
    def mixes_images(self) -> bool:
        """Whether the discriminator's score of an image depends on the other images of its batch."""
        return any(parse(layer).norm == "batch" for layer in self.layers()[1])

    def build_networks(self) -> None:
        """Create ``generator``, ``discriminator``, and ``averaged``, which follows the generator."""
        generator, discriminator = self.layers()
        sizes, method = self.condition_sizes, self.conditioning_method
        self.generator = Generator(generator, self.image_size, self.latent_dim, sizes, method, self.output)
        self.discriminator = Discriminator(discriminator, self.image_size, sizes, method, self.spectral_norm)
        self.discriminates_in_one_pass = not self.mixes_images
        initialise(self.generator, self.initialisation)
        initialise(self.discriminator, self.initialisation)
        if self.score_initialisation is not None:
            initialise(self.discriminator.score, self.score_initialisation)
        self.averaged = MovingAverage(self.generator, self.ema_decay)

    # Losses, which a GAN overrides

    @abstractmethod
    def discriminator_loss(
        self, on_real: DiscriminatorOutput, on_fake: DiscriminatorOutput, condition: Tensor
    ) -> Tensor:
        """Return the discriminator's loss, a scalar: the mean over the batch, unbounded.

        Args:
            on_real: Scores ``(B,)``, unbounded, and class logits of real images.
            on_fake: The same of as many generated images, which carry no gradient to the generator.
            condition: Condition indices of both, int64 ``(B, C)``; of no columns for an unconditional model.
        """

    @abstractmethod
    def generator_loss(self, on_fake: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the generator's loss, a scalar: the mean over the batch, unbounded.

        Args:
            on_fake: The discriminator's scores ``(B,)``, unbounded, and class logits of the generator's images.
            condition: Their condition indices, int64 ``(B, C)``.
        """

    def penalty(self, real: Tensor, fake: Tensor, condition: Tensor) -> Tensor | float:
        """Return what is added to the discriminator's loss in training only, such as a gradient penalty.

        Args:
            real: Real images ``(B, 1, H, W)`` in the generator's range; see :meth:`to_output_range`.
            fake: Generated images, in the same shape and range, without a gradient.
            condition: Condition indices of both, int64 ``(B, C)``.

        Returns:
            A scalar, the weighted mean over the batch, at least 0; 0 where there is no penalty.
        """
        return 0.0

    def constrain(self) -> None:
        """Change the discriminator's weights in place after each of its updates, such as by clipping them."""

    def score_threshold(self, real: Tensor, fake: Tensor) -> Tensor | float | None:
        """Return the score above which the discriminator classifies an image as real.

        Only with a threshold do scores have an accuracy, and only then ``accuracy_real`` and ``accuracy_fake`` are
        logged. What scores mean depends on the losses: override this together with them.

        Args:
            real: Scores of the real images ``(B,)``.
            fake: Scores of the generated images ``(B,)``.

        Returns:
            A number or a scalar tensor; None where the losses give scores no such meaning.
        """
        return None

    # Training

    def configure_optimizers(self) -> list[Optimizer]:
        """Return an optimizer for each network, the discriminator's first."""
        return [self.optimizer_for(self.discriminator), self.optimizer_for(self.generator)]

    def train_batch(self, batch: Batch) -> None:
        """Update the discriminator; at every ``critic_steps``-th batch then update the generator."""
        real, condition = self.to_output_range(batch.image), self.condition(batch)
        discriminator_optimizer, generator_optimizer = self.optimizers()  # type: ignore[attr-defined]  # a list: there are two

        def discriminator_objective() -> Tensor:
            with torch.no_grad():
                fake = self.generator(self.sample_noise(real), condition)
            loss = self.discriminator_loss(*self.discriminate(real, fake, condition), condition)
            return loss + self.penalty(real, fake, condition)

        def generator_objective() -> Tensor:
            fake = self.generator(self.sample_noise(real), condition)
            return self.generator_loss(self.discriminator(fake, condition), condition)

        loss = self.step_optimizer(discriminator_optimizer, discriminator_objective)
        self.running_means.add({"discriminator_loss": loss})
        self.constrain()
        if (self.batches + 1) % self.critic_steps == 0:
            self.running_means.add({"generator_loss": self.step_optimizer(generator_optimizer, generator_objective)})

    def update_ema(self, batches: range) -> None:
        """Move the averaged generator as often as the generator was updated."""
        updates = range(batches.start // self.critic_steps, batches.stop // self.critic_steps)
        if updates:
            self.averaged.update(self.generator, updates)

    def adopt_average(self) -> None:
        """Replace the generator's weights by the averaged ones; the discriminator has no average."""
        self.averaged.copy_to(self.generator)

    def step_optimizer(self, optimizer: Any, loss: Callable[[], Tensor]) -> Tensor:
        """Update one network; the other's weights need no gradient meanwhile."""
        self.toggle_optimizer(optimizer)
        value = super().step_optimizer(optimizer, loss)
        self.untoggle_optimizer(optimizer)
        return value

    def gradient_norm_name(self, optimizer: Optimizer) -> str:
        """Return ``discriminator_gradient_norm`` or ``generator_gradient_norm``."""
        first = next(iter(self.discriminator.parameters()))
        is_discriminator = optimizer.param_groups[0]["params"][0] is first
        return f"{'discriminator' if is_discriminator else 'generator'}_gradient_norm"

    def discriminate(
        self, real: Tensor, fake: Tensor, condition: Tensor
    ) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
        """Return the outputs on real and on generated images, in one pass where no statistics mix them.

        Args:
            real: Real images ``(B, 1, H, W)`` in the generator's range.
            fake: As many generated images.
            condition: Condition indices of both, int64 ``(B, C)``.
        """
        if not self.discriminates_in_one_pass:
            outputs = self.discriminator(real, condition), self.discriminator(fake, condition)
        else:
            both = self.discriminator(torch.cat([real, fake]), condition.repeat(2, 1))
            real_score, fake_score = both.score.chunk(2)
            class_logits = [logits.chunk(2) for logits in both.class_logits]
            outputs = (
                DiscriminatorOutput(real_score, tuple(logits[0] for logits in class_logits)),
                DiscriminatorOutput(fake_score, tuple(logits[1] for logits in class_logits)),
            )
        self.record_accuracy(outputs[0].score, outputs[1].score)
        return outputs

    def record_accuracy(self, real: Tensor, fake: Tensor) -> None:
        """Log the share of images that the discriminator classifies correctly, where :meth:`score_threshold` says how.

        At 0.5 it cannot tell them apart. Each of the scores is ``(B,)``.
        """
        threshold = self.score_threshold(real, fake)
        if threshold is None:
            return
        correct = {"accuracy_real": real > threshold, "accuracy_fake": fake <= threshold}
        self.running_means.add({name: share.float().mean() for name, share in correct.items()}, weight=len(real))

    def validate_batch(self, batch: Batch) -> None:
        """Add both losses on real glyphs that the discriminator has not been trained on, without the penalty."""
        real, condition = self.to_output_range(batch.image), self.condition(batch)
        on_real, on_fake = self.discriminate(real, self.generator(self.sample_noise(real), condition), condition)
        losses = {
            "discriminator_loss": self.discriminator_loss(on_real, on_fake, condition),
            "generator_loss": self.generator_loss(on_fake, condition),
        }
        self.running_means.add(losses, weight=len(real))

    # Ranges and sampling

    def sample_noise(self, like: Tensor) -> Tensor:
        """Return a latent from N(0, 1), ``(B, latent_dim)``, for each image of ``like``."""
        return self.sample_globally(torch.randn_like, like.new_empty(len(like), self.latent_dim))

    def to_output_range(self, images: Tensor) -> Tensor:
        """Return images in [0, 1] in the generator's range: [-1, 1] for ``output=tanh``, [0, 1] for ``sigmoid``."""
        return images * 2 - 1 if self.output == "tanh" else images

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return the averaged generator's images in [0, 1]."""
        images = self.averaged(latent, condition)
        return (images + 1) / 2 if self.output == "tanh" else images
