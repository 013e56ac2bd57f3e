"""What a photocopier, a bad scanner and a hasty hand do to a page, for the bench of scans."""
