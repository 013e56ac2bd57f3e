"""A shelf of ultrasound books -> a fine-tuning set of (image, question, thinking, answer)."""

import os

__version__ = "0.1.0"

# ONNX Runtime, from 1.29 on, reports the machine and the models it loads to its maker unless told not to before it is
# imported: nothing of a shelf of patient images may go where no configuration sends it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
