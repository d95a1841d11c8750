"""The family of adversarial models."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor
from torch.optim import Optimizer

from handwriting.data.loading.module import Batch
from handwriting.models.base import Betas, GlyphModel, Share
from handwriting.networks import architectures
from handwriting.networks.adversarial import Conditioning, Discriminator, DiscriminatorOutput, Generator, Output
from handwriting.networks.architectures import Norm, Upsample
from handwriting.networks.averaging import MovingAverage
from handwriting.networks.initialisation import Initialisation, initialise
from handwriting.networks.layers import Layers, parse


@dataclass(eq=False, repr=False, kw_only=True)
class AdversarialModel(GlyphModel):
    """A generator against a discriminator; a GAN overrides the two losses and, if need be, a penalty.

    Every batch updates the discriminator; every ``critic_steps``-th batch then updates the generator, so that each
    discriminator step sees fresh glyphs.

    Attributes:
        critic_steps: Discriminator updates for each update of the generator.
        norm: Normalisation in the generator. This, ``discriminator_norm``, ``upsample`` and ``pixel_shuffle`` are for
            ``network=conv``.
        discriminator_norm: Normalisation in the discriminator; with ``batch``, real and generated images pass it
            apart, so that neither betrays itself through the other's statistics.
        dropout: Probability of dropping a value after each convolution, or hidden layer, of the discriminator.
        spectral_norm: Divide each weight of the discriminator by its largest singular value.
        upsample: ``transposed`` or ``resize`` convolutions in the generator.
        pixel_shuffle: Rearrange pixels into channels at the discriminator's entry and back at the generator's exit.
        output: ``tanh`` for images in [-1, 1], ``sigmoid`` for [0, 1].
        initialisation: Starting weights: PyTorch's ``default``, ``glorot_uniform``, ``glorot_normal`` or ``dcgan``.
        score_initialisation: Those of the discriminator's last layer, where they are others.
        generator_layers: With ``network=layers``: from the noise to the image; see
            :mod:`handwriting.networks.layers`.
        discriminator_layers: With ``network=layers``: from the image to the features that the score is read off.
    """

    channels: PositiveInt = 64
    lr: PositiveFloat = 1e-3
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

    @property
    def how_conditioned(self) -> Conditioning:
        """How a condition enters the game, where there is one."""
        return "projection"

    def layers(self) -> tuple[Layers, Layers]:
        """Return what generator and discriminator are made of."""
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
        return ("join", *generator), (*discriminator, "join")

    @property
    def mixes_images(self) -> bool:
        """Whether the discriminator's verdict on an image depends on the other images of its batch."""
        return any(parse(layer).norm == "batch" for layer in self.layers()[1])

    def build_networks(self) -> None:
        """Create both players and the averaged generator."""
        generator, discriminator = self.layers()
        sizes, how = self.condition_sizes, self.how_conditioned
        self.generator = Generator(generator, self.image_size, self.latent_dim, sizes, how, self.output)
        self.discriminator = Discriminator(discriminator, self.image_size, sizes, how, self.spectral_norm)
        self.discriminates_jointly = not self.mixes_images
        initialise(self.generator, self.initialisation)
        initialise(self.discriminator, self.initialisation)
        if self.score_initialisation is not None:
            initialise(self.discriminator.score, self.score_initialisation)
        self.averaged = MovingAverage(self.generator, self.ema_decay)

    def configure_optimizers(self) -> list[Optimizer]:
        """One optimizer for each player, the discriminator's first."""
        return [self.optimizer_for(self.discriminator), self.optimizer_for(self.generator)]

    @abstractmethod
    def discriminator_loss(
        self, on_real: DiscriminatorOutput, on_fake: DiscriminatorOutput, condition: Tensor
    ) -> Tensor:
        """Return the discriminator's loss by its outputs on real and on generated images."""

    @abstractmethod
    def generator_loss(self, on_fake: DiscriminatorOutput, condition: Tensor) -> Tensor:
        """Return the generator's loss under the discriminator's verdict on its images."""

    def penalty(self, real: Tensor, fake: Tensor, condition: Tensor) -> Tensor | float:
        """Return what the discriminator's loss is raised by while it learns, beside its outputs."""
        return 0.0

    def train_batch(self, batch: Batch) -> None:
        """Update the discriminator, then, when it is due, the generator."""
        real, condition = self.to_output_range(batch.image), self.condition(batch)
        discriminator_optimizer, generator_optimizer = self.optimizers()  # type: ignore[attr-defined]  # a list: there are two

        def discriminate() -> Tensor:
            with torch.no_grad():
                fake = self.generator(self.noise(real), condition)
            loss = self.discriminator_loss(*self.discriminate(real, fake, condition), condition)
            return loss + self.penalty(real, fake, condition)

        def generate() -> Tensor:
            fake = self.generator(self.noise(real), condition)
            return self.generator_loss(self.discriminator(fake, condition), condition)

        self.averages.add({"discriminator_loss": self.step_optimizer(discriminator_optimizer, discriminate)})
        self.constrain()
        if (self.batches + 1) % self.critic_steps == 0:
            self.averages.add({"generator_loss": self.step_optimizer(generator_optimizer, generate)})

    def update_ema(self, batches: range) -> None:
        """Let the averaged generator follow, as often as the generator was updated."""
        updates = range(batches.start // self.critic_steps, batches.stop // self.critic_steps)
        if updates:
            self.averaged.update(self.generator, updates)

    def step_optimizer(self, optimizer: Any, loss: Callable[[], Tensor]) -> Tensor:
        """Update one player and leave the other as it is."""
        self.toggle_optimizer(optimizer)
        value = super().step_optimizer(optimizer, loss)
        self.untoggle_optimizer(optimizer)
        return value

    def constrain(self) -> None:
        """Bring the discriminator's weights back to where they must stay, after each of its steps."""

    def norm_name(self, optimizer: Optimizer) -> str:
        """Name the player whose gradient norm is logged."""
        first = next(iter(self.discriminator.parameters()))
        mine = optimizer.param_groups[0]["params"][0] is first
        return f"{'discriminator' if mine else 'generator'}_gradient_norm"

    def discriminate(
        self, real: Tensor, fake: Tensor, condition: Tensor
    ) -> tuple[DiscriminatorOutput, DiscriminatorOutput]:
        """Return the outputs on real and generated images, in one pass where batch statistics allow it."""
        if not self.discriminates_jointly:
            outputs = self.discriminator(real, condition), self.discriminator(fake, condition)
        else:
            both = self.discriminator(torch.cat([real, fake]), condition.repeat(2, 1))
            (real_score, fake_score), class_logits = (
                both.score.chunk(2),
                [guess.chunk(2) for guess in both.class_logits],
            )
            outputs = (
                DiscriminatorOutput(real_score, tuple(guess[0] for guess in class_logits)),
                DiscriminatorOutput(fake_score, tuple(guess[1] for guess in class_logits)),
            )
        self.record_accuracy(outputs[0].score, outputs[1].score)
        return outputs

    def threshold(self, real: Tensor, fake: Tensor) -> Tensor | float:
        """Return the score above which an image counts as judged real."""
        return 0.0

    def record_accuracy(self, real: Tensor, fake: Tensor) -> None:
        """Add the share of real and of generated images that the discriminator judges rightly; 0.5 is balance."""
        threshold = self.threshold(real, fake)
        right = {"accuracy_real": real > threshold, "accuracy_fake": fake <= threshold}
        self.averages.add({name: judged.float().mean() for name, judged in right.items()}, weight=len(real))

    def validate_batch(self, batch: Batch) -> None:
        """Add both losses on real glyphs that the discriminator has not been trained on, without its penalty."""
        real, condition = self.to_output_range(batch.image), self.condition(batch)
        on_real, on_fake = self.discriminate(real, self.generator(self.noise(real), condition), condition)
        losses = {
            "discriminator_loss": self.discriminator_loss(on_real, on_fake, condition),
            "generator_loss": self.generator_loss(on_fake, condition),
        }
        self.averages.add(losses, weight=len(real))

    # Ranges and sampling

    def noise(self, like: Tensor) -> Tensor:
        """Draw a latent for each image of ``like``."""
        return self.joint(torch.randn_like, like.new_empty(len(like), self.latent_dim))

    def to_output_range(self, images: Tensor) -> Tensor:
        """Bring images in [0, 1] to the generator's range."""
        return images * 2 - 1 if self.output == "tanh" else images

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        """Return the averaged generator's images in [0, 1]."""
        images = self.averaged(latent, condition)
        return (images + 1) / 2 if self.output == "tanh" else images
