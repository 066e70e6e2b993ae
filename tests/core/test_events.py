"""The chain of events: a cut, a change and a busy writer."""

import pytest

from fangxian.spine.core import events
from fangxian.spine.core.events import Entry, Named, record_many, verify_chain
from fangxian.spine.core.models import Event
from fangxian.spine.core.rights import SYSTEM

pytestmark = pytest.mark.django_db


def write(n):
    record_many([Entry("job.retried", Named("test", str(k))) for k in range(n)], by=SYSTEM)


def test_a_cut_tail_and_a_change_are_told():
    write(5)
    assert verify_chain() == []
    last = Event.objects.latest("id")
    Event.objects.filter(pk=last.pk).update(reason="changed")
    assert "was changed" in verify_chain()[0]
    last.delete()
    assert "the log ends" in verify_chain()[0]


def test_an_event_recorded_during_the_walk_is_no_tampering(monkeypatch):
    write(5)
    assert verify_chain() == []
    real, calls = events.link_hash, []

    def busy(event):
        if not calls:
            calls.append(1)
            write(3)
        return real(event)

    monkeypatch.setattr(events, "link_hash", busy)
    assert verify_chain() == []
    assert verify_chain() == []
