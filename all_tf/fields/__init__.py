"""White cells of a smear: found in fields of view, outlined and cut out as C-NMC shows them."""
