"""A message in a person's hand: the words of that person, joined, set on pages, and written to files."""
