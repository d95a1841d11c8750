"""Composing, checking and building what a configuration names, before any work starts."""
