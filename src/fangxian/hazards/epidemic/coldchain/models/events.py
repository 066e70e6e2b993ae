"""Events of goods as EPCIS tells them, ours and others', and the jobs that took them in."""

from django.db import models
from django.db.models import Q

from fangxian.spine.registry.models import Site


class Job(models.Model):
    """One document taken in: whole or not at all, or as much of it as is right, as was chosen."""

    EVENT_KIND = "goods_job"

    class Mode(models.TextChoices):
        ROLLBACK = "rollback", "全部或不收"
        PROCEED = "proceed", "收下正确的"

    class State(models.TextChoices):
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "未收"

    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    mode = models.CharField(max_length=8, choices=Mode)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    events = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)  # the first of them
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.name} {self.at:%m-%d %H:%M}"


class GoodsEvent(models.Model):
    """One event by its hash. Withdrawn by an error declaration it never counted."""

    EVENT_KIND = "goods_event"

    hash = models.CharField(max_length=64, unique=True)
    event_id = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=20)
    action = models.CharField(max_length=8, blank=True)
    biz_step = models.CharField(max_length=120, blank=True)
    disposition = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    read_point = models.CharField(max_length=200, blank=True)
    location = models.CharField(max_length=200, blank=True)
    site = models.ForeignKey(Site, models.SET_NULL, null=True)
    transformation = models.CharField(max_length=200, blank=True)
    body = models.JSONField()
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="held")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="goods_event_by_time"),
            models.Index(fields=["event_id"], name="goods_event_by_id"),
            models.Index(
                fields=["transformation"],
                name="goods_event_by_work",
                condition=~Q(transformation=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.at:%Y-%m-%d %H:%M}"


class EventItem(models.Model):
    """A good that an event names: it went in, came out, was the whole, a part, or there."""

    class Role(models.IntegerChoices):
        THERE = 0, "涉及"
        INTO = 1, "投入"
        OUT = 2, "产出"
        WHOLE = 3, "整件"
        PART = 4, "部分"

    # its own index is item_by_event
    event = models.ForeignKey(GoodsEvent, models.CASCADE, related_name="items", db_index=False)
    epc = models.CharField(max_length=200)
    role = models.PositiveSmallIntegerField(choices=Role)
    quantity = models.FloatField(null=True)
    uom = models.CharField(max_length=3, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["epc", "role"], name="item_by_epc"),
            models.Index(fields=["event", "role"], name="item_by_event"),
        ]

    def __str__(self) -> str:
        return self.epc
