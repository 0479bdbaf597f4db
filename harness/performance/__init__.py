"""Measures, compares and remembers: did it get slower?"""
