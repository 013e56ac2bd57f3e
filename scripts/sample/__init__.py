"""The small atlas: simulated frames, screens, page layout, text, and the scanner."""
