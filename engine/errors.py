"""Every way of failing, in one tree; each error says what to do next.

    EngineError                 exit 3   wrong options, configuration, installation
    ├── UsageError              exit 3   an option, path, type name or schema that cannot be used
    ├── MissingDependency       exit 3   a binary, language or extra that is not installed
    └── BadInput                exit 2   the file exists but cannot be read (broken, encrypted, too large …)
        └── BadPage             a page that cannot be read; the document's other pages go on

Doubt about a value is never an exception: it is a finding in the result.
"""

from __future__ import annotations


class EngineError(Exception):
    """Base of all errors of the engine. ``str(error)`` is one sentence with its remedy."""

    exit_code = 3


class UsageError(EngineError):
    """Options, configuration, a type name or a schema that cannot be used as given."""


class MissingDependency(EngineError):
    """Something that must be installed first; the message holds the line to run."""


class BadInput(EngineError):
    """A file that exists and cannot be processed; becomes a ``failed`` result."""

    exit_code = 2


class BadPage(BadInput):
    """One page that cannot be read; becomes that page's ``failed`` outcome."""
