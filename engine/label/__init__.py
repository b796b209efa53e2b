"""From words to fields by labels and geometry alone: no model, no network.

Read in this order: lines (words to visual rows and cells), anchors (where labels are printed), candidates
(what could be a value), features (how a candidate stands to a leaf), rank (which candidate, with which
probability), rows (tables to arrays), pairs (open maps), claims (all of it together).
"""
