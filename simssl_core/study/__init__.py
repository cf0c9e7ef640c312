"""Studies: many objectives, several seeds, one budget; a tidy table, and a verdict on each of the paper's claims."""
