"""Five of the networks of plugins/models in PyTorch, from the same files of weights: what benchmarks/speed measures Face/Off against.

As fast as plain PyTorch gets: weights are frozen, batch norms are folded into the convolutions before them, and everything is in
channels_last. Each network takes pictures [N,3,side,side] of grey levels; an embedder gives unit vectors [N,D], the detector the
scores [N,5118] and boxes [N,5118,4] (x0, y0, x1, y1, in its pixels).
"""

from __future__ import annotations

import ctypes
import json
import math
import struct
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Weights:
    """A safetensors file's float32 tensors and its metadata."""

    def __init__(self, file: Path) -> None:
        data = bytearray(file.read_bytes())
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + length])
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self.tensors: dict[str, Tensor] = {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            values = torch.frombuffer(data, dtype=torch.float32, offset=8 + length + begin, count=(end - begin) // 4)
            self.tensors[name] = values.view(entry["shape"])

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def __contains__(self, name: str) -> bool:
        return name in self.tensors


def same_margins(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME: by how much it pads before and after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def frozen(values: Tensor) -> nn.Parameter:
    layout = torch.channels_last if values.dim() == 4 else torch.contiguous_format
    return nn.Parameter(values.clone(memory_format=layout), requires_grad=False)


class Convolution(nn.Module):
    """A convolution with what follows it: "relu", "relu6", a slope a channel for what is negative, or nothing."""

    def __init__(self, weight: Tensor, bias: Tensor | None, stride: int = 1, padding: str = "same", activation: str = "",
                 depthwise: bool = False, slope: Tensor | None = None) -> None:
        super().__init__()
        self.weight, self.bias = frozen(weight), None if bias is None else frozen(bias)
        self.slope = None if slope is None else frozen(slope)
        self.stride, self.padding, self.activation = stride, padding, activation
        self.groups = weight.shape[0] if depthwise else 1

    def forward(self, x: Tensor) -> Tensor:
        high, wide = self.weight.shape[2:]
        margins = (0, 0)
        if self.padding == "symmetric":
            margins = ((high - 1) // 2, (wide - 1) // 2)
        elif self.padding == "same":
            top, bottom = same_margins(x.shape[2], high, self.stride)
            left, right = same_margins(x.shape[3], wide, self.stride)
            if (top, left) == (bottom, right):
                margins = (top, left)
            else:
                x = F.pad(x, (left, right, top, bottom))
        x = F.conv2d(x, self.weight, self.bias, self.stride, margins, 1, self.groups)
        if self.slope is not None:
            return F.prelu(x, self.slope)
        if self.activation == "relu":
            return F.relu(x)
        return F.relu6(x) if self.activation == "relu6" else x


def folded(weight: Tensor, norm: dict[str, Tensor], epsilon: float) -> tuple[Tensor, Tensor]:
    """Weight and bias with a batch norm behind them folded in."""
    scale = norm["weight"] / (norm["variance"] + epsilon).sqrt()
    return weight * scale.view(-1, 1, 1, 1), norm["bias"] - norm["mean"] * scale


class Normalise(nn.Module):
    """(x − mean) / scale, in channels_last."""

    def __init__(self, mean: tuple[float, float, float], scale: float) -> None:
        super().__init__()
        self.mean, self.scale = frozen(torch.tensor(mean).view(1, 3, 1, 1)), scale

    def forward(self, x: Tensor) -> Tensor:
        return ((x - self.mean) / self.scale).contiguous(memory_format=torch.channels_last)


def unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=1, keepdim=True).clamp_min(1e-12)


# ------------------------------------------------------------------------------------------------------ inception_resnet_v1


class Inception(nn.Module):
    """Branches side by side: a residual block adds them, projected, to its input; a reduction sets its pooled input beside them."""

    def __init__(self, branches: list[nn.Sequential], projection: Convolution | None, last: bool = False) -> None:
        super().__init__()
        self.branches, self.projection, self.last = nn.ModuleList(branches), projection, last

    def forward(self, x: Tensor) -> Tensor:
        outputs = [branch(x) for branch in self.branches]
        if self.projection is None:
            return torch.cat([*outputs, F.max_pool2d(x, 3, 2)], 1)
        y = self.projection(torch.cat(outputs, 1)) + x
        return y if self.last else F.relu(y)


class InceptionResnetV1(nn.Module):
    side = 160

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.weights = weights
        halving = {"stride": 2, "padding": "valid"}
        self.normalise = Normalise((127.5, 127.5, 127.5), 128)
        self.stem = nn.Sequential(self.convolution("conv2d_1a", **halving), self.convolution("conv2d_2a", padding="valid"),
                                  self.convolution("conv2d_2b"), nn.MaxPool2d(3, 2), self.convolution("conv2d_3b"),
                                  self.convolution("conv2d_4a", padding="valid"), self.convolution("conv2d_4b", **halving))
        self.blocks = nn.Sequential(
            *(self.residual(f"repeat_1.{i}", .17) for i in range(5)), self.reduction("mixed_6a"),
            *(self.residual(f"repeat_2.{i}", .1) for i in range(10)), self.reduction("mixed_7a"),
            *(self.residual(f"repeat_3.{i}", .2) for i in range(5)), self.residual("block8", 1, last=True))
        weight, bias = folded(weights["last_linear.weight"][:, :, None, None], self.norm("last_bn"), 1e-3)
        self.weight, self.bias = frozen(weight.flatten(1)), frozen(bias)
        del self.weights

    def norm(self, name: str) -> dict[str, Tensor]:
        parts = {"weight": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}
        return {ours: self.weights[f"{name}.{theirs}"] for ours, theirs in parts.items()}

    def convolution(self, name: str, stride: int = 1, padding: str = "same") -> Convolution:
        weight, bias = folded(self.weights[f"{name}.conv.weight"], self.norm(f"{name}.bn"), 1e-3)
        return Convolution(weight, bias, stride, padding, "relu")

    def branches(self, name: str, halving: bool) -> list[nn.Sequential]:
        """As many as the file has; each one's last convolution may halve the size."""
        all_of: list[nn.Sequential] = []
        while True:
            branch = f"{name}.branch{len(all_of)}"
            if f"{branch}.conv.weight" in self.weights:
                parts = [branch]
            else:
                parts = [f"{branch}.{i}" for i in range(3) if f"{branch}.{i}.conv.weight" in self.weights]
            if not parts:
                return all_of
            last = {"stride": 2, "padding": "valid"} if halving else {}
            all_of.append(nn.Sequential(*(self.convolution(part) for part in parts[:-1]), self.convolution(parts[-1], **last)))

    def residual(self, name: str, scale: float, last: bool = False) -> Inception:
        weight, bias = self.weights[f"{name}.conv2d.weight"] * scale, self.weights[f"{name}.conv2d.bias"] * scale
        return Inception(self.branches(name, halving=False), Convolution(weight, bias), last)

    def reduction(self, name: str) -> Inception:
        return Inception(self.branches(name, halving=True), None)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.stem(self.normalise(x)))
        return unit(F.linear(x.mean((2, 3)), self.weight, self.bias))


# ----------------------------------------------------------------------------------------------------------- MobileNet V1


def stride_of(layer: int) -> int:
    """MobileNet V1 halves the size in four of its 13 layers behind the first."""
    return 2 if layer in (2, 4, 6, 12) else 1


class Faceres(nn.Module):
    side = 224

    def __init__(self, weights: Weights) -> None:
        super().__init__()

        def merged(name: str, stride: int) -> Convolution:
            weight, bias = weights[f"{name}/convolution/merged_input"], weights[f"{name}_bn/batchnorm_1/sub"]
            return Convolution(weight, bias, stride, activation="relu6")

        layers = [merged("conv1", 2)]
        for i in range(1, 14):
            scale, shift = (weights[f"conv_dw_{i}_bn/batchnorm_1/{what}"] for what in ("mul", "sub"))
            weight = weights[f"conv_dw_{i}/depthwise_kernel"] * scale.view(-1, 1, 1, 1)
            layers.append(Convolution(weight, shift, stride_of(i), activation="relu6", depthwise=True))
            layers.append(merged(f"conv_pw_{i}", 1))
        self.body = nn.Sequential(Normalise((123.68, 116.779, 103.939), 1), *layers)

    def forward(self, x: Tensor) -> Tensor:
        return unit(self.body(x).mean((2, 3)))


class SsdMobilenetV1(nn.Module):
    side = 512

    def __init__(self, weights: Weights) -> None:
        super().__init__()

        def clipped(name: str, stride: int) -> Convolution:
            return Convolution(weights[f"{name}/weights"], weights[f"{name}/convolution_bn_offset"], stride, activation="relu6")

        def head(name: str) -> Convolution:
            return Convolution(weights[f"{name}/weights"], weights[f"{name}/biases"])

        layers = [Normalise((127.5, 127.5, 127.5), 127.5), clipped("MobilenetV1/Conv2d_0_pointwise", 2)]
        for i in range(1, 14):
            name = f"MobilenetV1/Conv2d_{i}"
            parts = {"weight": "gamma", "bias": "beta", "mean": "moving_mean", "variance": "moving_variance"}
            norm = {ours: weights[f"{name}_depthwise/BatchNorm/{theirs}"] for ours, theirs in parts.items()}
            weight, bias = folded(weights[f"{name}_depthwise/depthwise_weights"], norm, 0.0010000000474974513)
            layers += [Convolution(weight, bias, stride_of(i), activation="relu6", depthwise=True), clipped(f"{name}_pointwise", 1)]
        # Each stage ends at one of the six maps that the heads look at.
        split = 2 + 2 * 11
        extra = [clipped(f"Prediction/Conv2d_{i}_pointwise", 1 + i % 2) for i in range(8)]
        self.stages = nn.ModuleList([nn.Sequential(*layers[:split]), nn.Sequential(*layers[split:]),
                                     *(nn.Sequential(*extra[i : i + 2]) for i in range(0, 8, 2))])
        self.boxes = nn.ModuleList([head(f"Prediction/BoxPredictor_{i}/BoxEncodingPredictor") for i in range(6)])
        self.classes = nn.ModuleList([head(f"Prediction/BoxPredictor_{i}/ClassPredictor") for i in range(6)])
        anchors = weights["Output/extra_dim"].view(5118, 4)  # y0 x0 y1 x1
        self.anchor_size = frozen(anchors[:, 2:] - anchors[:, :2])
        self.anchor_centre = frozen(anchors[:, :2] + self.anchor_size / 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        boxes, logits = [], []
        for stage, to_boxes, to_classes in zip(self.stages, self.boxes, self.classes, strict=True):
            x = stage(x)
            boxes.append(to_boxes(x).permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, 4)))
            logits.append(to_classes(x).permute(0, 2, 3, 1).flatten(1).unflatten(1, (-1, 3))[:, :, 1])
        encoded = torch.cat(boxes, 1)
        centre = encoded[:, :, :2] / 10 * self.anchor_size + self.anchor_centre
        half = (encoded[:, :, 2:] / 5).exp() * self.anchor_size / 2
        found = torch.cat([(centre - half).flip(2), (centre + half).flip(2)], 2) * self.side
        return torch.cat(logits, 1).sigmoid(), found


# -------------------------------------------------------------------------------------------------------- face_recognition


class Residual(nn.Module):
    """relu(shortcut(x) + second(first(x))); a down block halves the size and widens the shortcut with channels of zeros."""

    def __init__(self, first: Convolution, second: Convolution, down: bool) -> None:
        super().__init__()
        self.first, self.second, self.down = first, second, down

    def forward(self, x: Tensor) -> Tensor:
        branch = self.second(self.first(x))
        if self.down:
            x = F.avg_pool2d(x, 2, 2)
            branch = F.pad(branch, (0, x.shape[3] - branch.shape[3], 0, x.shape[2] - branch.shape[2]))
            x = F.pad(x, (0, 0, 0, 0, 0, branch.shape[1] - x.shape[1]))
        return F.relu(branch + x)


class FaceRecognition(nn.Module):
    side = 150

    def __init__(self, weights: Weights) -> None:
        super().__init__()

        def scaled(name: str, stride: int = 1, padding: str = "same", activation: str = "") -> Convolution:
            scale, shift = weights[f"{name}/scale/weights"], weights[f"{name}/scale/biases"]
            weight = weights[f"{name}/conv/filters"] * scale.view(-1, 1, 1, 1)
            return Convolution(weight, weights[f"{name}/conv/bias"] * scale + shift, stride, padding, activation)

        blocks = []
        for name in ("conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3", "conv128_down",
                     "conv128_1", "conv128_2", "conv256_down", "conv256_1", "conv256_2", "conv256_down_out"):
            down = "down" in name
            first = scaled(f"{name}/conv1", 2 if down else 1, "valid" if down else "same", "relu")
            blocks.append(Residual(first, scaled(f"{name}/conv2"), down))
        self.body = nn.Sequential(Normalise((122.782, 117.001, 104.298), 255), scaled("conv32_down", 2, "valid", "relu"),
                                  nn.MaxPool2d(3, 2), *blocks)
        self.weight = frozen(weights["fc"])

    def forward(self, x: Tensor) -> Tensor:
        return unit(F.linear(self.body(x).mean((2, 3)), self.weight))


# ----------------------------------------------------------------------------------------------------------- mobilefacenet


class Narrow(nn.Module):
    """Widened, filtered a channel at a time, and narrowed again."""

    def __init__(self, body: nn.Sequential, residual: bool) -> None:
        super().__init__()
        self.body, self.residual = body, residual

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)


class MobileFaceNet(nn.Module):
    side = 112

    def __init__(self, weights: Weights) -> None:
        super().__init__()

        def layer(name: str, stride: int = 1, padding: str = weights.metadata["padding"]) -> Convolution:
            weight = weights[f"{name}.weight"]
            slope = weights[f"{name}.slope"] if f"{name}.slope" in weights else None
            return Convolution(weight, weights[f"{name}.bias"], stride, padding, depthwise=weight.shape[1] == 1, slope=slope)

        mean = float(weights.metadata["input_mean"])
        parts = [Normalise((mean, mean, mean), float(weights.metadata["input_scale"])), layer("stem.expand", 2), layer("stem.depthwise")]
        if "stem.project.weight" in weights:
            parts.append(layer("stem.project"))
        for i in range(15):
            halves = i in (0, 5, 12)
            name = f"blocks.{i}"
            chain = nn.Sequential(layer(f"{name}.expand"), layer(f"{name}.depthwise", 2 if halves else 1), layer(f"{name}.project"))
            parts.append(Narrow(chain, residual=not halves))
        parts += [layer("head.expand"), layer("head.depthwise", padding="valid"), layer("head.project")]
        if "head.linear.weight" in weights:
            parts.append(layer("head.linear"))
        self.body = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        return unit(self.body(x).flatten(1))


NETWORKS = {"inception_resnet_v1": InceptionResnetV1, "faceres": Faceres, "face_recognition": FaceRecognition,
            "mobilefacenet": MobileFaceNet, "ssd_mobilenet_v1": SsdMobilenetV1}


def network(name: str, weights: Path) -> nn.Module:
    return NETWORKS[name](Weights(weights)).eval()


def random_weights(tensors: Path, file: Path) -> None:
    """A safetensors file of the shapes that stand in a JSON file: convolutions as He et al. start them, batch norms near the identity."""
    torch.manual_seed(1)
    shapes = json.loads(tensors.read_text())
    header, parts, end = {}, [], 0
    for name, shape in shapes.items():
        if len(shape) > 1:
            values = torch.randn(shape) * math.sqrt(2 / math.prod(shape[1:]))
        elif name.endswith(("bn.weight", "running_var")):
            values = torch.rand(shape) + .5
        else:
            values = torch.rand(shape) * .4 - .2
        data = ctypes.string_at(values.data_ptr(), values.nbytes)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + len(data)]}
        end += len(data)
        parts.append(data)
    text = json.dumps(header).encode()
    with file.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for data in parts:
            out.write(data)
