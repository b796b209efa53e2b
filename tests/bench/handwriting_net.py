"""The net of ``engine/handwriting.py``: its layers, how it is trained on composites, and its export. Needs torch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from engine.handwriting import CELL, INK, SEEN, strokes
from tests.bench.composites import KNOWN, UNKNOWN, Made

CROP = 320
BATCH = 12


def layers() -> nn.Sequential:
    """A stride of 8 and a view of 170 px: about two words. 55 thousand weights, 1.1 billion products an A4 page."""

    def conv(a: int, b: int, stride: int = 1, spread: int = 1, size: int = 3) -> list[nn.Module]:
        return [nn.Conv2d(a, b, size, stride, (size // 2) * spread, dilation=spread, bias=False), nn.BatchNorm2d(b),
                nn.ReLU()]  # fmt: skip

    return nn.Sequential(
        *conv(1, 12, 2, size=5), *conv(12, 24, 2), *conv(24, 40, 2), *conv(40, 40), *conv(40, 40, spread=2),
        *conv(40, 40, spread=4), nn.Conv2d(40, 1, 1),
    )  # fmt: skip


def plane(made: Made) -> tuple[np.ndarray, np.ndarray]:
    """Strokes and mask at working size, as bytes."""
    ink = strokes(made.grey)
    return (ink * 255).astype(np.uint8), cv2.resize(made.mask, ink.shape[::-1], interpolation=cv2.INTER_NEAREST)


def crop(ink: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A turned, scaled piece with ink in it, its strokes altered; target and weight per cell."""
    height, width = ink.shape
    for _ in range(12):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        near = slice(max(y - 100, 0), y + 100), slice(max(x - 100, 0), x + 100)
        wants = random.random() < 0.6
        if (ink[near] > 90).mean() > 0.01 and (not wants or (mask[near] == KNOWN).any() or not mask.any()):
            break
    scale, turn = float(np.exp(random.uniform(-0.35, 0.35))), float(random.normal(0, 2))
    matrix = cv2.getRotationMatrix2D((x, y), turn, scale)
    matrix[:, 2] += CROP / 2 - np.array([x, y])
    piece = cv2.warpAffine(ink, matrix, (CROP, CROP), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    hand = cv2.warpAffine(mask, matrix, (CROP, CROP), flags=cv2.INTER_NEAREST)
    soft = piece.astype(np.float32) / 255
    way = random.random()
    if way < 0.2:
        soft = (soft > random.uniform(0.25, 0.6)).astype(np.float32)
    elif way < 0.45:
        soft = cv2.GaussianBlur(soft, (0, 0), float(random.uniform(0.4, 1.1)))
    elif way < 0.6:
        kernel = np.ones((2, 2), np.uint8)
        soft = cv2.dilate(soft, kernel) if random.random() < 0.5 else cv2.erode(soft, kernel) * 1.3
    soft = np.clip(soft, 0, 1) ** float(np.exp(random.uniform(-0.5, 0.5)))
    if random.random() < 0.3:
        soft = np.clip(soft + random.normal(0, random.uniform(0.02, 0.15), soft.shape), 0, 1).astype(np.float32)
    dark = (piece > INK * 255).astype(np.float32)
    few = (CROP // CELL, CROP // CELL)

    def count(what: np.ndarray) -> np.ndarray:
        return cv2.resize(what.astype(np.float32), few, interpolation=cv2.INTER_AREA) * CELL * CELL

    total, written, unknown = count(dark), count(dark * (hand == KNOWN)), count(dark * (hand == UNKNOWN))
    weight = ((total >= SEEN) & (unknown < 0.5 * total)).astype(np.float32)
    share = written / np.maximum(total, 1e-3)
    weight *= np.where((share > 0.25) & (share < 0.6), 0.3, 1)
    return soft.astype(np.float32), (share > 0.4).astype(np.float32), weight


def train(
    made: Sequence[tuple[np.ndarray, np.ndarray]], steps: int, kept: Path, seed: int = 0, start: Path | None = None
) -> nn.Sequential:
    """Trains on crops of these planes, from the weights in ``start`` if given, and keeps the weights in ``kept``."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    random = np.random.default_rng(seed)
    net = layers()
    if start:
        net.load_state_dict(torch.load(start))
    optimiser = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3 if start else 6e-3, total_steps=steps)
    started, mean = time.monotonic(), 0.0
    for step in range(steps):
        pieces = [crop(*made[int(random.integers(len(made)))], random) for _ in range(BATCH)]
        x, target, weight = (torch.from_numpy(np.stack(part))[:, None] for part in zip(*pieces, strict=True))
        loss = nn.functional.binary_cross_entropy_with_logits(net(x), target, weight, reduction="sum")
        loss = loss / weight.sum().clamp(min=1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        mean += (float(loss) - mean) * (0.02 if step > 50 else 0.2)
        if step % 100 == 99:
            print(f"step {step + 1}  loss {mean:.4f}  {time.monotonic() - started:.0f} s", flush=True)
    torch.save(net.state_dict(), kept)
    return net.eval()


def export(net: nn.Sequential, path: Path) -> None:
    """Batch norms folded in, any page size, plain convolutions, the page folded as :func:`engine.handwriting.folded`
    does: what OpenCV reads since 4.5."""
    plain: list[nn.Module] = []
    parts = list(net)
    for part in parts:
        if isinstance(part, nn.BatchNorm2d):
            plain[-1] = torch.nn.utils.fusion.fuse_conv_bn_eval(plain[-1], part)  # type: ignore[type-var]
        else:
            plain.append(part)
    plain[0] = first_layer(plain[0])
    any_size = {2: "height", 3: "width"}
    page = torch.zeros(1, 4, 320, 240)
    torch.onnx.export(
        nn.Sequential(*plain).eval(),
        (page,),
        str(path),
        dynamo=False,
        input_names=["ink"],
        output_names=["written"],
        opset_version=13,
        dynamic_axes={"ink": any_size, "written": any_size},
    )


def first_layer(layer: nn.Module) -> nn.Conv2d:
    """The same 5 x 5 convolution at every second pixel, of a page whose squares of 2 x 2 px are its channels."""
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    same = nn.Conv2d(4, layer.out_channels, 3, 1, 1)
    weight = torch.zeros_like(same.weight)
    for y in range(5):
        for x in range(5):
            weight[:, 2 * (y % 2) + x % 2, y // 2, x // 2] = layer.weight[:, 0, y, x]
    same.weight, same.bias = nn.Parameter(weight), layer.bias
    return same
