"""What ``handwriting bench`` measures: the program as people run it, beside the plainest code that does the same."""
