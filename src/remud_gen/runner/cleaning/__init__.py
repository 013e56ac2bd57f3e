"""`remud clean`: what no run needs any more, judged with care, listed, and removed only on demand."""
