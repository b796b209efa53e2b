"""A new case run once and accepted as it runs today, so that it tells of every change from then on.

One whose pages a model has read cannot run without the model's answers: it would be the case of another reader.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from engine.arithmetic import shown
from engine.config import Config
from engine.regress.accepted import write_accepted
from engine.regress.add import Added
from engine.regress.answers import keep_answers
from engine.regress.case import read_case
from engine.regress.ran import RIGHT, Ran
from engine.regress.run import run_case


def accept_added(added: Added, config: Config) -> str:
    """Accept a case as it runs today, in words; where a model's answers are wanting that *config* (its recordings, its
    cache) does not keep either, what is to be done about them."""
    if added.model is None or keep_answers(read_case(added.folder), added.model, config):
        return ran_to_sentence(accept_case(added.folder, config.schemas))
    record = shlex.join(["engine", "regress", str(added.folder), "--record"])
    return f"is not accepted yet, for {added.model} has read it: record its answers with {record} --provider …"


def accept_case(folder: Path, schemas: Path | None = None) -> Ran:
    """Run the case and write its ``accepted.json``; ``expected.json`` goes on saying what is right.

    Raises UsageError for a case that cannot run.
    """
    case = read_case(folder)
    ran = run_case(case, schemas)
    write_accepted(case, ran)
    return ran


def ran_to_sentence(ran: Ran) -> str:
    """How it runs, such as ``runs as review; 7 of 8 values are right; /total is 8.00 where 9.00 is right``."""
    judged = [field for field in ran.fields if field.outcome != "absent"]
    wrong = [field for field in judged if field.outcome not in RIGHT]
    told = [f"{field.where} is {_told(field.found)} where {_told(field.expected)} is right" for field in wrong[:3]]
    more = [f"and {len(wrong) - 3} more"] if len(wrong) > 3 else []
    return "; ".join(
        [f"runs as {ran.status}", f"{len(judged) - len(wrong)} of {len(judged)} values are right", *told, *more]
    )


def _told(value: object) -> str:
    return "nothing" if value is None else shown(value)
