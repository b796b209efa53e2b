"""Many documents, durable: what was read, asked and concluded is recorded and done once, whatever is killed meanwhile.

``items`` lists inputs, ``work`` says what makes two pieces of work the same, ``tasks`` is what a child process does and
``pool`` runs it there, ``workflows`` are the recorded steps of a document, ``database`` is what they are recorded in,
``run`` brings results to their files, ``worker`` does the work of others.
"""
