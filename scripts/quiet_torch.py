"""Imported before torch, keeps it from warning that there is no NumPy: nothing here uses it, and what a script says on
stderr is for the person who ran it."""

import warnings

warnings.filterwarnings("ignore", message="Failed to initialize NumPy", category=UserWarning)
