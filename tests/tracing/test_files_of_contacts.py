"""Contacts of other systems' files come in as edges; what cannot be used is told with its line."""

import csv
import json

import pytest
from click.testing import CliRunner
from met import met
from story import SHARED

from fangxian.cli.main import root
from fangxian.hazards.epidemic.tracing.files import bring, read_file, rows_out
from fangxian.hazards.epidemic.tracing.models import Edge, Node
from fangxian.spine.core.problems import Problem
from fangxian.spine.core.rights import SYSTEM
from fangxian.spine.registry.models import Place

pytestmark = pytest.mark.django_db
FOLDER = SHARED / "data/epiops"


def hexi():
    return Place.objects.get(name="和溪镇", kind="town")


@pytest.mark.shared
def test_go_data_with_its_people(xu):
    found = read_file(
        FOLDER / "godata/relationships_clean.csv", FOLDER / "godata/contacts_clean.csv"
    )
    told = bring(found, place=hexi(), name="relationships", by=SYSTEM)
    assert told["system"] == "godata"
    assert told["edges"] + len(found.wrong) == 100
    assert told["edges"] > 80
    assert {edge.certainty for edge in Edge.objects.all()} <= {1, 2, 3}
    assert Edge.objects.filter(hours_known=True).count() == 0
    again = bring(
        read_file(FOLDER / "godata/relationships_clean.csv"),
        place=hexi(),
        name="relationships",
        by=SYSTEM,
    )
    assert Edge.objects.count() == told["edges"] == again["edges"]


@pytest.mark.shared
def test_sormas_with_two_heads_says_what_lacks(xu):
    found = read_file(FOLDER / "sormas/sormas_contact_import_test.csv")
    assert [(row["where"].split()[-1], row["en"].split(":")[0]) for row in found.wrong] == [
        ("3", "no lastContactDate"),
        ("4", "no lastContactDate"),
        ("5", "no number of a case"),
    ]


def test_sormas_in_latin_1_with_repeated_columns(tmp_path, xu):
    heads = "Contact;Contact;Contact;Contact;Contact\ncaseIdExternalSystem;lastContactDate;"
    text = heads + "person.firstName;person.lastName;person.lastName\nC1;03.14.2022;Jörg;;Müller\n"
    path = tmp_path / "s.csv"
    path.write_bytes(text.encode("iso-8859-1"))
    found = read_file(path)
    told = bring(found, place=hexi(), name="s", by=SYSTEM)
    assert (told["edges"], told["wrong"]) == (1, [])
    assert "Jörg Müller" in {record.name for record in found.people.values()}
    assert Edge.objects.get().since_at.date().isoformat() == "2022-03-13"  # Beijing midnight in UTC


def test_what_goes_out_comes_in_again(tmp_path, five):
    met(five[0], five[1], 9)
    met(five[1], five[2], 10, hours_known=False)
    path = tmp_path / "out.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows_out(seat=SYSTEM))
    assert "村民" not in path.read_text()
    told = bring(read_file(path), place=hexi(), name="out", by=SYSTEM)
    assert (told["edges"], told["wrong"]) == (2, [])
    pairs = set(Edge.objects.values_list("a", "b", "since_at", "until_at", "hours_known"))
    assert (Edge.objects.count(), len(pairs)) == (4, 2)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n"])
def test_a_file_of_nobody_knows_what_is_refused(tmp_path, xu, text):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(Problem) as problem:
        read_file(path)
    assert problem.value.code.startswith("table.")


def test_the_word(tmp_path, five):
    path = tmp_path / "t.csv"
    rows = f"person,{five[0].pk},person,{five[1].pk},contact,2022-07-09 10:00,2022-07-09 11:00,3\n"
    rows += "person,1,person,999999,contact,2022-07-09,,2\n"
    path.write_text("a_kind,a_key,b_kind,b_key,kind,since,until,certainty\n" + rows)
    words = ["--lang", "en", "contacts", "import", str(path), "--place", hexi().code, "--json"]
    done = CliRunner().invoke(root, words)
    assert done.exit_code == 3
    assert json.loads(done.stdout)["edges"] == 1
    assert Node.objects.count() == 2
