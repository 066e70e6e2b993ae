"""Persons of the city, sealed; what they are found by; what was said of two records; who looked."""

from django.db import models
from django.db.models import F, Q

from fangxian.spine.core.steps import Machine, Step
from fangxian.spine.registry.models import Person as OfficeHolder
from fangxian.spine.registry.models import Place, Post


class Household(models.Model):
    """Who lives together at a place, by the number the village gives it. The address is sealed."""

    place = models.ForeignKey(Place, models.PROTECT)
    code = models.CharField(max_length=40)
    address_sealed = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["place", "code"], name="household_once_at_a_place")
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.code}"


class Person(models.Model):
    """A person of the city: one record however many rooms meet him. Who he is (names, numbers,
    phone, address) and what he needs are sealed apart; the rest is what lists and rights need.
    ``merged_into`` leads to the record that speaks for this one."""

    EVENT_KIND = "citizen"  # the log keeps "person" for office-holders

    place = models.ForeignKey(Place, models.PROTECT)
    household = models.ForeignKey(Household, models.SET_NULL, null=True, related_name="members")
    identity_sealed = models.BinaryField()
    needs_sealed = models.BinaryField(default=b"")
    name_masked = models.CharField(max_length=40)
    number_masked = models.CharField(max_length=30, blank=True)
    phone_masked = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=20, blank=True)
    sex = models.CharField(max_length=1, blank=True)
    birth_year = models.PositiveSmallIntegerField(null=True)
    office_holder = models.OneToOneField(OfficeHolder, models.SET_NULL, null=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    retention = models.CharField(max_length=20, default="general")
    held = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=120)
    added_at = models.DateTimeField()
    last_used_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(merged_into=F("pk")), name="person_is_not_merged_into_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.name_masked


class MatchKey(models.Model):
    """Something a person is found by, blind: equal for equal texts, and never the text."""

    key = models.CharField(max_length=16)
    person = models.ForeignKey(Person, models.CASCADE, related_name="match_keys")

    class Meta:
        indexes = [models.Index(fields=["key"], name="person_by_match_key")]

    def __str__(self) -> str:
        return f"{self.key} → {self.person_id}"


class Pair(models.Model):
    """Two records that may be one person: proposed with reasons, decided by somebody, and the
    decision remembered, so that it is not asked again."""

    class State(models.TextChoices):
        PROPOSED = "proposed"
        SAME = "same"
        DIFFERENT = "different"

    one = models.ForeignKey(Person, models.CASCADE, related_name="pairs")
    other = models.ForeignKey(Person, models.CASCADE, related_name="other_pairs")
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    score = models.FloatField()
    reasons = models.JSONField(default=list)
    proposed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="pair_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="pair_older_first"),
        ]

    def __str__(self) -> str:
        return f"{self.one} = {self.other}?"


class Glass(models.Model):
    """A glass that was broken: somebody sees what is not his, for a time, with a reason that the
    owner is told and that is looked at afterwards."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="glasses")
    post = models.ForeignKey(Post, models.PROTECT)
    by = models.CharField(max_length=120)
    reason = models.CharField(max_length=200)
    from_at = models.DateTimeField()
    until = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"{self.by} → {self.person}"


class Deletion(models.Model):
    """The proof that somebody's record was deleted: what class it was of, how old, and a digest of
    the sealed bytes that are gone. It says nothing of who it was."""

    retention = models.CharField(max_length=20)
    place = models.ForeignKey(Place, models.PROTECT)
    last_used_on = models.DateField()
    deleted_at = models.DateTimeField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.retention} {self.digest[:8]}"


PAIR = Machine(
    "pair",
    states={state: Q(state=state) for state in Pair.State.values},
    sets={state: {"state": state} for state in Pair.State.values},
    steps={
        "join": Step(("proposed", "different"), "same", right="people.merge", event="pair.joined"),
        "part": Step(("proposed", "same"), "different", right="people.merge", event="pair.parted"),
    },
    done=frozenset({"same", "different"}),
)
