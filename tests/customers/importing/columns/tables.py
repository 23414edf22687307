"""Tables made up for tests: proposed, and read as proposed, without files or a database."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from customers.importing.columns.profiling import profile_columns
from customers.importing.columns.proposal import Answers, Proposal, propose_mapping
from customers.importing.columns.validation import Validator
from customers.importing.files.rows import Batch


@dataclass(frozen=True)
class Read:
    """A table as it was understood."""

    proposal: Proposal
    # The cells of each column as they are stored, by header and line; without the rejected rows.
    values: dict[str, dict[int, object]]
    rejected: dict[int, str]

    def use(self, header):
        return next(column.use for column in self.proposal.columns if column.header == header)

    @property
    def asked(self):
        """The headers that questions are about."""
        return {question.header for question in self.proposal.questions}


def read_table(columns, attributes=(), *, declared=None, earlier=(), **said):
    """Propose a mapping for columns given as header → cells, and read the cells by it."""
    headers, rows = list(columns), len(next(iter(columns.values())))
    batch = Batch(tuple(pa.array(cells, pa.string()) for cells in columns.values()), np.arange(rows))
    profiles = profile_columns([batch], headers, rows=rows)
    proposal = propose_mapping(
        headers, profiles, attributes, declared=declared, earlier=earlier, answers=Answers(**said)
    )
    names = [column.name for column in proposal.columns if column.is_attribute]
    positions = {name: position for position, name in enumerate(names)}
    done = Validator(proposal.columns, positions, has_nul=False).validate(batch)
    accepted, values = done.accepted, {}
    lines = accepted.lines.tolist()
    for column in proposal.columns:
        if column.use == "id":
            values[column.header] = dict(zip(lines, accepted.ids.to_pylist(), strict=True))
        elif column.use == "number":
            found = accepted.numbers[positions[column.name]].tolist()
            values[column.header] = {
                line: None if np.isnan(value) else value for line, value in zip(lines, found, strict=True)
            }
        elif column.is_attribute:
            found = accepted.texts[positions[column.name]].to_pylist()
            values[column.header] = dict(zip(lines, found, strict=True))
    return Read(proposal, values, {reject.line: reject.reason for reject in done.rejects})
