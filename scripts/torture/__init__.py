"""Scenarios that ill-treat the command line and compare what it leaves with an undisturbed run."""
