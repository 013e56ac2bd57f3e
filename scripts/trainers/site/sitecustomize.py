"""Loaded by every Python that has this folder on its path: the trainers' own commands then run without CUDA."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cpu_vision  # noqa: F401
