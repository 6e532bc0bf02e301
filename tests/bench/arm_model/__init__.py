"""Executed instructions and modelled cycles of the program on ARM cores, without a board."""
