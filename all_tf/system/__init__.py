"""Processes, memory, progress and tables: helpers without any knowledge of cells or networks."""
