"""A plugin of each kind: three that are in C++ too, and a model."""

from __future__ import annotations

import torch

import faceoff


class SimilarityAgain(faceoff.Loss):
    """What the plugin similarity does."""

    needs = faceoff.Field.embedding | faceoff.Field.targets

    def __call__(self, adversarial, reference):
        rows = reference.targets.flatten(1, -2)
        products = torch.matmul(rows, adversarial.embedding.unsqueeze(2)).squeeze(2)
        there = (rows != 0).any(2)
        return -((products * there).sum(1) / there.sum(1).clamp_min(1))


class PgdAgain(faceoff.Optimizer):
    """What the plugin pgd does."""

    steps = faceoff.param(40, "gradient steps", range=(1, 100000))
    step_size = faceoff.param(1.0, "length of a step", unit="grey levels", range=(0, 1e6))

    def run(self, objective, budget):
        x = budget.origin.clone()
        for _ in objective.steps(self.steps):
            x = budget.project(x - self.step_size * budget.direction(objective.value_and_grad(x).gradient))
        return x


class NoiseAgain(faceoff.Augmentation):
    """What the plugin uniform_noise does."""

    amplitude = faceoff.param(1.28, "largest noise", unit="grey levels", range=(0, 255))

    def __call__(self, images, random):
        noise = random.uniform(-self.amplitude, self.amplitude, *images.pixels.shape[1:])
        return faceoff.Images(images.pixels + noise, images.map, images.landmarks)


class Averages(faceoff.Model):
    """An embedder of a torch module."""

    provides = faceoff.Field.embedding
    view = faceoff.View(64, 64, "box")
    cells = faceoff.param(8, "cells a side", range=(1, 64))

    def setup(self, setup):
        self.net = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(self.cells), torch.nn.Flatten()).to(setup.device)

    def forward(self, images):
        return faceoff.Output(embedding=torch.nn.functional.normalize(self.net(images - 127.5)))
