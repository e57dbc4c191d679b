"""From images to records: encoding, duplicates, patient groups, shards."""
