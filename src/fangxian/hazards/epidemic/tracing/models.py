"""Nodes of the graph of exposures, the edges between them with their sources, and who was looked
after on which day."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step, of_column
from fangxian.spine.people.models import Person
from fangxian.spine.ready.models import Team
from fangxian.spine.registry.models import Place, Post


class Node(models.Model):
    """A person, a place, a vehicle, a vessel, a flight, a lot, a bed of a shelter. A person's key
    is the number of his record; nothing of who he is stands here."""

    class Kind(models.TextChoices):
        PERSON = "person", "人员"
        SITE = "site", "场所"
        VEHICLE = "vehicle", "车辆"
        VESSEL = "vessel", "船舶"
        FLIGHT = "flight", "航班"
        LOT = "lot", "批次"
        SHELTER = "shelter", "避灾点床位"

    class State(models.TextChoices):
        NONE = "", "—"
        CASE = "case", "病例"
        EXCLUDED = "excluded", "已排除"

    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=60)
    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="nodes")
    place = models.ForeignKey(Place, models.PROTECT, null=True)
    label = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.NONE, blank=True)
    onset_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)  # from when he could pass nothing on: isolated
    state_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="node_once"),
            models.CheckConstraint(
                condition=Q(kind="person", person__isnull=False)
                | (~Q(kind="person") & Q(person__isnull=True)),
                name="node_is_a_person_or_not",
            ),
        ]
        indexes = [models.Index(fields=["state"], name="node_by_state")]

    def __str__(self) -> str:
        if self.kind == self.Kind.PERSON:  # masked names are alike: the number tells them apart
            return f"{self.label} P{self.key}"
        return self.label or f"{self.kind} {self.key}"


class Edge(models.Model):
    """Two nodes met from when to when: who says so, how sure. One without hours stands for its
    whole days and says so (``hours_known``). What is taken back never counted."""

    class Kind(models.TextChoices):
        CONTACT = "contact", "接触"
        STAYED = "stayed", "到过"
        RODE = "rode", "同乘"
        HANDLED = "handled", "经手"
        INFECTED = "infected", "传播"

    a = models.ForeignKey(Node, models.CASCADE, related_name="edges_from")
    b = models.ForeignKey(Node, models.CASCADE, related_name="edges_to")
    kind = models.CharField(max_length=8, choices=Kind)
    since_at = models.DateTimeField()
    until_at = models.DateTimeField()
    hours_known = models.BooleanField(default=True)
    seat = models.CharField(max_length=10, blank=True)
    certainty = models.PositiveSmallIntegerField(default=2)  # 3 sure, 2 probable, 1 possible
    source_kind = models.CharField(max_length=20)
    source_key = models.CharField(max_length=80)
    note = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=120)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_at__gte=F("since_at")), name="edge_ends_after_start"
            ),
            models.CheckConstraint(condition=~Q(a=F("b")), name="edge_joins_two"),
            models.CheckConstraint(
                condition=Q(certainty__in=(1, 2, 3)), name="edge_certainty_known"
            ),
            models.UniqueConstraint(
                fields=["a", "b", "kind", "since_at", "source_kind", "source_key"],
                condition=Q(withdrawn_at__isnull=True),
                name="edge_once_by_a_source",
            ),
        ]
        indexes = [
            models.Index(fields=["a", "until_at"], name="edge_from"),
            models.Index(fields=["b", "until_at"], name="edge_to"),
            models.Index(fields=["source_kind", "source_key"], name="edge_by_source"),
        ]

    def __str__(self) -> str:
        return f"{self.a} – {self.b}"


class Contact(models.Model):
    """Somebody who met a case (step 1) or one of its contacts (step 2), by the rules of its onset;
    over when it is no more so."""

    index = models.ForeignKey(Node, models.CASCADE, related_name="contacts")
    node = models.ForeignKey(Node, models.CASCADE, related_name="contact_of")
    step = models.PositiveSmallIntegerField()
    since_at = models.DateTimeField()
    until_at = models.DateTimeField()
    named_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["index", "node"], condition=Q(ended_at__isnull=True), name="contact_once"
            ),
            models.CheckConstraint(condition=Q(step__in=(1, 2)), name="contact_step_known"),
        ]

    def __str__(self) -> str:
        return f"{self.node} ← {self.index}"


class Followed(models.Model):
    """One day of looking after a contact: seen, not seen, not tried, refused."""

    class State(models.TextChoices):
        WELL = "well", "见到，正常"
        ILL = "ill", "见到，有症状"
        MISSED = "missed", "没见到"
        NOT_TRIED = "not_tried", "没去"
        REFUSED = "refused", "拒绝"

    node = models.ForeignKey(Node, models.CASCADE, related_name="days")
    on = models.DateField()
    state = models.CharField(max_length=10, choices=State)
    team = models.ForeignKey(Team, models.PROTECT, null=True)
    post = models.ForeignKey(Post, models.PROTECT, null=True)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "on"], name="followed_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.node} {self.on}"


NODE = Machine(
    "node",
    **of_column("state", Node.State.values),
    steps={
        "case": Step(("", "excluded", "case"), "case", right="trace.write"),
        "exclude": Step(("case",), "excluded", right="trace.write", needs=("reason",)),
    },
    done=frozenset({"excluded"}),
    tells=("person_id",),
)
