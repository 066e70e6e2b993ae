"""The event log, which is audit trail and queue in one, and the work it asks for."""

import time

from django.db import models

from .database import database


class Log(models.Manager["Event"]):
    """Whoever reads the log reads what his own transaction has recorded too (core.pending)."""

    def get_queryset(self) -> models.QuerySet["Event"]:
        database().write_pending()
        return super().get_queryset()


class Written(models.Manager["Event"]):
    """What is in the log already, which is enough for what earlier writes have caused: the end of
    the log is not taken for it."""


class Event(models.Model):
    """One write, in the same transaction as what it tells of. Append-only and hash-chained."""

    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=60)
    at = models.DateTimeField()
    person_id = models.BigIntegerField(null=True)
    post_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=120)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = Log()
    written = Written()

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id"], name="event_by_subject"),
            models.Index(fields=["kind", "at"], name="event_by_kind"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["previous_hash"], name="event_chain_never_forks"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.kind} {self.subject_kind}:{self.subject_id}"


class ChainHead(models.Model):
    """The last link, locked by whoever adds the next: a cut-off tail shows against it. ``seal`` is
    its MAC by a key outside the database. The first ``archived`` events lie in files; the log here
    begins after the link ``base_hash``."""

    last_id = models.BigIntegerField()
    last_hash = models.CharField(max_length=64)
    length = models.BigIntegerField()
    seal = models.CharField(max_length=64, default="")
    base_hash = models.CharField(max_length=64, default="0" * 64)
    archived = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.length} events"


class Evidence(models.Model):
    """The sum over a table's rows (core.evidence). ``broken`` is what once did not agree, until a
    person accepts it."""

    name = models.CharField(max_length=80, primary_key=True)
    n = models.BigIntegerField()
    total = models.BinaryField()
    since = models.DateTimeField()
    broken = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.n}"


class Cursor(models.Model):
    """How far a reader of a log has come."""

    name = models.CharField(max_length=60, primary_key=True)
    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


class Job(models.Model):
    """One function to run for one event, once."""

    class State(models.TextChoices):
        READY = "ready"
        CLAIMED = "claimed"
        DONE = "done"
        DEAD = "dead"

    event = models.ForeignKey(Event, models.PROTECT)
    function = models.CharField(max_length=80)
    subject = models.CharField(max_length=101)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    rank = models.PositiveSmallIntegerField(default=1)  # the level told, worst first
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=60, blank=True)
    claimed_until_s = models.FloatField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "function"], name="job_once_per_event"),
        ]
        indexes = [
            models.Index(fields=["state", "due_at"], name="job_by_state"),
            models.Index(fields=["subject", "function", "state"], name="job_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.function} for {self.event_id}"


class Due(models.Model):
    """A moment at which an event must be recorded unless somebody cancels it first."""

    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=60)
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_id"], name="due_once_per_subject"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_kind}:{self.subject_id} at {self.due_at}"


class Heartbeat(models.Model):
    """When a loop of the system was last alive, so that its silence can be seen."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()
    real_s = models.FloatField()
    steady_s = models.FloatField(default=0)  # of the clock that only counts
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.at}"

    def silent_s(self) -> float:
        """For how long nothing was heard: by the clock that only counts, as long as the machine was
        not started anew."""
        gone_s, by_clock_s = time.monotonic() - self.steady_s, max(0.0, time.time() - self.real_s)
        if database().vendor == "postgresql":  # of another host, whose clock began elsewhere
            return min(gone_s, by_clock_s) if gone_s >= 0 else by_clock_s
        return gone_s if self.steady_s and gone_s >= 0 else by_clock_s


class BadRow(models.Model):
    """One row of many that could not be taken: a receipt, a reading, a subject of a cover rule. It
    failed alone, is kept with its reason, and stays a gap until somebody settles it."""

    where = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    why = models.CharField(max_length=500)
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["where", "key"],
                condition=models.Q(settled_at__isnull=True),
                name="bad_row_once_while_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.where} {self.key}"


class EditionRow(models.Model):
    """One edition of a dated rule set, as entered; never changed after."""

    set = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    valid_from = models.DateTimeField(null=True)
    text = models.TextField()
    source = models.CharField(max_length=400)
    verified = models.BooleanField()
    hash = models.CharField(max_length=64)
    entered_at = models.DateTimeField()
    entered_by = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["set", "hash"], name="edition_text_once_in_set"),
            models.CheckConstraint(condition=~models.Q(source=""), name="edition_names_its_source"),
        ]

    def __str__(self) -> str:
        return f"{self.set} {self.name}"


class IdempotencyKey(models.Model):
    """The answer once given to a keyed request, so that a repeat gets the same."""

    key = models.CharField(max_length=120, primary_key=True)
    digest = models.CharField(max_length=64)
    answer = models.JSONField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class Import(models.Model):
    """A table that was taken through a door, with every row before and after, so that it can be
    taken back."""

    kind = models.CharField(max_length=20)
    source = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    person_id = models.BigIntegerField(null=True)
    made = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    rows_sealed = models.BinaryField()
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"
