"""The pages: each file shows one, and computes nothing."""
