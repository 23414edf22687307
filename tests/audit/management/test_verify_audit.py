"""The command that checks the trail."""

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from audit.trail import chain
from audit.trail.ndjson import write_lines
from audit.trail.verification import read_links


def test_it_says_that_all_is_well_and_where_the_chain_ends(happened, capsys):
    happened()
    call_command("verify_audit")
    head = chain.read_head()
    said = f"Events checked: 1. None was changed or removed. The last is 1:{head.digest}\n"
    assert capsys.readouterr().out == said
    call_command("verify_audit", "--expect", f"1:{head.digest}")


def test_it_fails_if_an_event_was_changed(happened, meddle):
    happened()
    chain.seal_events()
    meddle("UPDATE audit_auditevent SET actor_name = 'eve'")
    with pytest.raises(CommandError, match="Event 1 was changed") as failed:
        call_command("verify_audit")
    assert failed.value.returncode == 1


def test_it_checks_a_file(happened, tmp_path, capsys):
    happened()
    file = tmp_path / "trail.ndjson"
    head = chain.seal_events()
    file.write_bytes(b"".join(write_lines(read_links(AuditEvent.objects.all()), head)))
    call_command("verify_audit", file=file)
    assert "Events checked: 1." in capsys.readouterr().out
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(CommandError):
        call_command("verify_audit", file=file)
    with pytest.raises(CommandError, match="could not be read"):
        call_command("verify_audit", file=tmp_path / "nothing")


@pytest.mark.parametrize("noted", ["5", "x:y", "1:abc"])
def test_a_note_must_be_a_position_and_a_digest(db, noted):
    with pytest.raises(CommandError, match="POSITION:DIGEST"):
        call_command("verify_audit", "--expect", noted)
