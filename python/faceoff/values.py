"""What plugins are given and answer. Tensors are shared with the host, not copied; None: not there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import torch


class Field(IntFlag):
    """What a model provides and a loss needs; several with |."""

    none = 0
    scores = 1
    boxes = 2
    landmarks = 4
    embedding = 8
    picture = 16
    targets = 32  #: of losses alone: the experiment's [attack] target
    mean = 64  #: likewise: the mean embedding of the experiment's [data] people


@dataclass
class View:
    """What a model wants to see. Height and width 0: a picture's own size."""

    height: int
    width: int
    #: "five_points", "box", "padded_box", "dlib_rect"; of the whole picture "whole_picture", "stretched_picture",
    #: "letterboxed_picture"
    crop: str = "five_points"
    scale: float = 1.1  #: of "box": how many times the longer side of a face's box
    down: float = 0.0  #: of "box": its centre so many sides lower


@dataclass
class Output:
    """What a model makes of its input, a row a view."""

    scores: torch.Tensor | None = None  #: [R,N] in [0,1]; 0 pads
    boxes: torch.Tensor | None = None  #: [R,N,4] x0 y0 x1 y1, pixels of the view
    landmarks: torch.Tensor | None = None  #: [R,K,2] of the face shown; beside scores and boxes [R,N,K,2]
    embedding: torch.Tensor | None = None  #: [R,D] unit length
    picture: torch.Tensor | None = None  #: [R,3,H,W] the view itself, RGB in [0,255]


@dataclass
class Reference:
    """What a loss compares with, row by row."""

    clean: Output  #: the same model on the unperturbed picture
    boxes: torch.Tensor | None = None  #: [R,F,4] the true faces, in the pixels of Output.boxes; empty boxes pad
    extent: torch.Tensor | None = None  #: [R,4] the picture's own rectangle in those pixels
    targets: torch.Tensor | None = None  #: [R,T,K,D] T targets with K embeddings each; zeros pad
    own: torch.Tensor | None = None  #: [R,K,D] the protected person; zeros pad
    subject: torch.Tensor | None = None  #: [R] whose rows belong together
    mean: torch.Tensor | None = None  #: [D] the gallery's mean embedding


@dataclass
class Images:
    """What an augmentation changes."""

    pixels: torch.Tensor  #: [R,3,H,W] RGB in [0,255]
    map: torch.Tensor | None = None  #: [R,2,3] from the picture's pixels to these; None: no affine map
    landmarks: torch.Tensor | None = None  #: [R,K,2] in these pixels
    partners: torch.Tensor | None = None  #: [R,P,3,H,W] views of other people, as many as were asked for


@dataclass
class Evaluation:
    """What the objective is at k·B points."""

    value: torch.Tensor  #: [k·B], to be made small
    gradient: torch.Tensor | None = None  #: like x
    margin: torch.Tensor | None = None  #: [k·B] above 0: the attack's goal is reached
