"""Flood forecasts from files: models, calibration, correction, verification, reservoirs. Reading
arguments and writing files is left to the command line."""
