"""A document type from samples: fields, kinds, labels and places as they are printed, and the checks that hold."""
