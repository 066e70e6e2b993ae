"""Messages and what became of each on its way to each person."""

import secrets

from django.db import models

from fangxian.spine.core.levels import CHOICES
from fangxian.spine.registry.models import Person, Post

CODE_LENGTH = 12


def short_code() -> str:
    """72 bits of chance that name one delivery in a link, short enough for a text."""
    return secrets.token_urlsafe(9)


class Message(models.Model):
    """One text about one subject of another room, named by kind and key."""

    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=60)
    level = models.PositiveSmallIntegerField(choices=CHOICES, null=True)
    text = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id"], name="message_by_subject")]

    def __str__(self) -> str:
        return self.text


class Delivery(models.Model):
    """One message to one person over one channel. States only move forward, so late, doubled and
    disordered receipts change nothing."""

    class State(models.IntegerChoices):
        PLANNED = 0, "待发"
        HANDED_OVER = 1, "已交出"
        ACCEPTED = 2, "通道已收"
        DELIVERED = 3, "已送达"
        SEEN = 4, "已看"
        ANSWERED = 5, "已应答"
        CANCELLED = 8, "已撤"
        FAILED = 9, "失败"

    class Side(models.TextChoices):
        """On whose side it failed."""

        US = "us", "本机"
        CHANNEL = "channel", "通道"
        PHONE = "phone", "对方"

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries")
    person = models.ForeignKey(Person, models.PROTECT, related_name="deliveries")
    post = models.ForeignKey(Post, models.PROTECT, null=True)
    channel = models.CharField(max_length=10)
    step = models.PositiveBigIntegerField(default=0)
    state = models.PositiveSmallIntegerField(choices=State, default=State.PLANNED)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until_s = models.FloatField(default=0)
    handed_over_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    code = models.CharField(max_length=16, unique=True, default=short_code)
    last_error = models.CharField(max_length=300, blank=True)
    side = models.CharField(max_length=8, choices=Side, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "person", "channel", "step"], name="delivery_once"
            )
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="delivery_by_state")]

    def __str__(self) -> str:
        return f"{self.channel} → {self.person}"
