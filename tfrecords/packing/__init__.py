"""Packs images into records: encoding, duplicates, patient groups, shards."""
