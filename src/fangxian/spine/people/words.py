"""What the events of people are called."""

from fangxian.spine.core.words import declare_events

declare_events(
    {
        "persons.entered": ("登记人员", "persons entered"),
        "persons.read": ("查看人员资料", "persons read"),
        "person.changed": ("更正人员资料", "person corrected"),
        "person.described": ("补充人员资料", "person described"),
        "person.held": ("资料留存", "record put on hold"),
        "person.deleted": ("资料到期删除", "record deleted"),
        "person.linked": ("与任职人员关联", "linked to an office-holder"),
        "pair.joined": ("确认同一人", "records joined"),
        "pair.parted": ("确认不是同一人", "records kept apart"),
        "glass.broken": ("应急查看", "glass broken"),
        "glass.reviewed": ("复核应急查看", "broken glass reviewed"),
    }
)
