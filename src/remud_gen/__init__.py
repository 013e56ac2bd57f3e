"""A shelf of ultrasound books -> a fine-tuning set of (image, question, thinking, answer)."""

__version__ = "0.1.0"
