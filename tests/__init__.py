"""Tests, in folders that mirror the packages; helpers lie at the top."""
