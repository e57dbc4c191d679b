"""Tests of whole commands under faults."""
