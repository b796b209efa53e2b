"""The witness: every value of a result looked for where it should stand, and judged confirmed, contradicted or silent.

Read in this order: sight (a document as one reader saw it), judgement (what is said of a leaf), single (leaves at
their labels), rows (leaves of tables), second_look (other readers, asked only where there is doubt), judge (all of it
together), confidence.
"""
