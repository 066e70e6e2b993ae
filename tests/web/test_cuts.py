"""A list that is cut says so."""

from fangxian.spine.command.write.desk import add_log
from fangxian.spine.core.page import cut


def test_a_cut_list_knows_how_many_there_are():
    found = cut([1, 2, 3], 2)
    assert (found, found.total) == ([1, 2], 3)


def test_the_desk_says_how_much_of_the_log_it_leaves_out(as_lin, lin):
    for k in range(15):
        add_log(kind="note", text=f"第{k}条", by=lin)
    assert "只列出 12 条，共 15 条" in as_lin.get("/").content.decode()
