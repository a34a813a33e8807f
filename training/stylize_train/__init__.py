"""Trains, exports and converts the networks of libstylize. `python -m stylize_train --help`."""
