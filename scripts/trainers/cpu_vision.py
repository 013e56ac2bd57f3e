"""Make torchvision importable beside a CPU build of torch. Import it before transformers, swift or llamafactory.

The wheel of torchvision on the Python Package Index is built against CUDA: its operators do not load beside a torch
without CUDA, and the import then fails although only the transforms, which are plain Python, are needed. Where a
matching build is installed nothing is changed. Pixels are not touched: Pillow decodes picture files instead.
"""

from __future__ import annotations

import importlib.machinery
import io
import os
import sys
import types
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def prepare() -> None:
    """Declare the missing operators, give torchvision a picture decoder, and stand in for torchaudio."""
    import torch

    for name in ("nms", "qnms"):
        try:
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        except RuntimeError:  # a build that fits has declared them
            continue
    _replace_decoder(torch)
    _replace_audio()


def _replace_decoder(torch: Any) -> None:
    import torchvision.io

    if hasattr(torch.ops.image, "decode_image"):
        return

    def decode_image(source: Any, mode: Any = "RGB", **_: Any) -> Any:
        import numpy
        from PIL import Image

        opened = Image.open(source if isinstance(source, str | os.PathLike) else io.BytesIO(source.numpy().tobytes()))
        return torch.from_numpy(numpy.array(opened.convert("RGB"))).permute(2, 0, 1).contiguous()

    for module in (torchvision.io, torchvision.io.image):
        module.decode_image = decode_image


def _replace_audio() -> None:
    try:
        import torchaudio  # noqa: F401
    except (ImportError, OSError, RuntimeError):
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        empty = types.ModuleType("torchaudio")
        empty.__spec__ = importlib.machinery.ModuleSpec("torchaudio", loader=None)
        empty.__dict__["__version__"] = "0.0.0"
        sys.modules["torchaudio"] = empty


prepare()
