"""PyMuPDF, all of it: imported nowhere else."""
