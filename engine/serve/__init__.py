"""The engine over HTTP, for programs: a document is posted, a job answers, its result is fetched.

``app`` is what can be asked, ``described`` how that is told as OpenAPI, ``problem`` what goes wrong. ``form`` takes an
upload within its bounds, ``asked`` says whether it can be done, ``clients`` who asks and how often. ``service`` takes
documents on and brings jobs to their end on the batch engine's store, with ``jobs`` (a table) and ``uploads`` (files by
their content). ``running`` is the process around it, ``ready`` and ``metrics`` tell how it is.
"""
