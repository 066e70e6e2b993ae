"""One line of a line list, as an office writes it."""

CASE = {
    "number": "", "name": "王小明", "sex": "男", "id_number": "350627198001010016",
    "phone": "13800001234", "disease": "霍乱", "status": "疑似", "origin": "本土",
    "diagnosed_at": "2016-09-14 07:00", "place": "南靖县和溪镇",
}  # fmt: skip
