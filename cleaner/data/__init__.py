"""Labelled pages: their format, check, alignment with today's blocks, and importers."""
