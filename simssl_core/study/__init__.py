"""Studies train many objectives with several seeds on one budget, and judge each of the paper's claims."""
