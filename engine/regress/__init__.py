"""Regression: cases (a document and what is right) in; what got better, worse, and what is no longer caught out.

``case`` reads a folder, ``run`` extracts it offline, ``compare`` holds the result against what is right, ``ran`` is
what is kept of a run, ``changes`` tells two runs apart, ``report`` sums up and prints.
"""
