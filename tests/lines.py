"""Rows of tables, as an office writes them, that several stories need."""

CASE = {
    "number": "", "name": "王小明", "sex": "男", "id_number": "350627198001010016",
    "phone": "13800001234", "disease": "霍乱", "status": "疑似", "origin": "本土",
    "diagnosed_at": "2016-09-14 07:00", "place": "南靖县和溪镇",
}  # fmt: skip
PLAN = {  # each hospital of the county owes a count of the day before by nine
    "name": "哨点日报", "form": "sentinel_daily", "place": "南靖县", "site_kind": "医院",
    "role": "负责人", "due_time": "09:00", "valid_from": "2016-09-14", "source": "t",
}  # fmt: skip


def hospital(code, name, town="和溪镇"):
    """A hospital of the county under the government of Hexi, whose head answers for it."""
    return {
        "kind": "医院", "code": code, "name": name, "place": f"南靖县{town}",
        "organisation": "南靖县和溪镇", "source": "t",
    }  # fmt: skip
