"""File formats: pictures, IDX, NumPy arrays, and the official files of public data sets; errors name the file."""
