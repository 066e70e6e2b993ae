"""The chain of events: a cut, a change and a busy writer."""

import pytest
from django.db import transaction

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


def test_a_savepoint_that_is_undone_takes_its_events_and_no_others():
    before = set(Event.objects.values_list("pk", flat=True))
    write(1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record_many([Entry("job.retried", Named("test", "undone"))], by=SYSTEM)
        assert Event.objects.count() == len(before) + 2  # reading writes what waits, all of it
        raise ZeroDivisionError
    record_many([Entry("job.retried", Named("test", "after"))], by=SYSTEM)
    ours = Event.objects.exclude(pk__in=before).order_by("id")
    assert list(ours.values_list("subject_id", flat=True)) == ["0", "after"]
    assert verify_chain() == []
