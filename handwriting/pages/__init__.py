"""Pages: reading scans and photographs, segmenting many of them, and the format of a segmented folder."""
