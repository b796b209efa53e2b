"""Results as one page to look at, that needs nothing else."""
