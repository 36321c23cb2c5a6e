"""The query language: every text is a query or an explained mistake; what it finds, whichever way the words are found."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.http import QueryDict
from hypothesis import example, given, settings
from hypothesis import strategies as st

from issues import queries, search
from issues.models import Issue, SearchText, User, search_index, search_text
from issues.queries import IssueFilter, Tally, suggestions
from issues.search import Query, Reference, parse
from tests.factories import make_attachment, make_comment, make_issue, make_session, make_user

# The language

words = st.text(
    st.characters(exclude_categories=("Cs", "Z", "Cc"), exclude_characters=search.QUOTES),
    min_size=1,
    max_size=12,
)
value = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=search.QUOTES), min_size=1, max_size=12
)
quoted = value.map(lambda text: f'"{text}"')
days = st.dates().map(str) | st.sampled_from(["today", "yesterday", "-14d", "-2w"])
spans = (
    days
    | st.tuples(st.sampled_from(["<", ">", "<=", ">="]), days).map("".join)
    | st.tuples(days | st.just(""), days | st.just("")).map("..".join)
)
chosen = st.one_of(
    *(
        st.tuples(st.just(name), st.lists(st.sampled_from(known), min_size=1, max_size=3).map(",".join)).map(
            ":".join
        )
        for name, known in search.NAMES.items()
        if known
    )
)
terms = st.one_of(
    words,
    quoted,
    chosen,
    st.tuples(st.sampled_from(["tag:", "owner:"]), quoted | words).map("".join),
    st.tuples(st.sampled_from([f"{name}:" for name in search.DATES]), spans).map("".join),
    st.integers(1, 10**17).map("fnd-{}".format),
    st.uuids().map("run:{}".format),
    st.sampled_from(["by:atlas", "by:me", "BY:People", "by:a@b.c", "owner:none"]),
)
texts = st.lists(st.tuples(st.sampled_from(["", "-"]), terms).map("".join), max_size=6).map(" ".join)


@given(texts)
@example('tag:"//bus"')
@settings(max_examples=300, deadline=None)
def test_what_is_written_back_is_read_as_the_same_query(text):
    query, mistakes = parse(text)

    if not mistakes:
        assert parse(str(query)) == (query, ())
        assert str(parse(str(query))[0]) == str(query)


@given(st.text(max_size=300) | texts)
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_query_or_an_explained_mistake(text):
    query, mistakes = parse(text)

    assert bool(query) or bool(mistakes) or not text.strip()
    for mistake in mistakes:
        assert mistake.detail
        assert 0 <= mistake.at < max(len(text), 1)
        assert mistake.length > 0


@pytest.mark.parametrize(
    "flood",
    [
        "a " * 50_000,
        '"' * 100_000,
        "tag:" * 25_000,
        "tag:" + "a," * 50_000,
        "-" * 100_000,
        "created:>" * 10_000,
        "status:" + ",".join(["open"] * 20_000),
        "x:y " * 25_000,
        "1,000" * 20_000,
        "a-" * 50_000,
        "漢" * 100_000,
        "a\u0301" * 50_000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_a_flood_is_over_in_no_time(flood):
    began = time.perf_counter()

    _, mistakes = parse(flood)
    search_text.tokens(flood[: search.QUERY_MAX])

    assert time.perf_counter() - began < 0.5
    assert mistakes


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("batt stauts:open", ["There is no “stauts:”. Did you mean status? (character 6)"]),
        ("prio:high", ["There is no “prio:”. Did you mean priority? (character 1)"]),
        ("status:opne", ["“opne” is not one of open, in_progress, resolved, rejected, none. Did you mean open? (character 8)"]),
        ("priority:high,urgent", ["“urgent” is not one of high, medium, low, none. (character 15)"]),
        ("has:cvs is:new", [
            "“cvs” is not one of csv, image, pdf, attachment, comment, plan, session. Did you mean csv? (character 5)",
            "“new” is not one of open, closed, untriaged. (character 12)",
        ]),
        ("is:deleted", ["Deleted issues are not searched: they are in the trash. (character 4)"]),
        ("tag:", ["“tag:” needs a value, such as tag:power. (character 1)"]),
        ("tag:a,", ["A value is missing after the comma. (character 6)"]),
        ('"limit crossed', ["The quotation that begins here does not end. (character 1)"]),
        ('x ""', ["There are no letters or digits between the quotes. (character 3)"]),
        ("created:2026-02-30", ["“2026-02-30” is not a day such as 2026-10-01, today, yesterday or -14d. (character 9)"]),
        ("created:2026-10-02..2026-10-01", ["The span ends before it begins. (character 9)"]),
        ("by:mara", ["“mara” is not atlas, people, me or an e-mail address. (character 4)"]),
        ("run:7", ["“7” is not an id such as 0199f0c2-7b1e-7000-8000-000000000000. (character 5)"]),
        ("—", ["“—” has no letters or digits to look for. (character 1)"]),
        ("a -…", ["“…” has no letters or digits to leave out. (character 4)"]),
        ("x\0", ["This character is no text. (character 2)"]),
        (" ".join(f"w{n}" for n in range(41)), ["A query has at most 40 terms. (character 1)"]),
    ],
)  # fmt: skip
def test_a_mistake_says_what_and_where(text, mistakes):
    assert [str(mistake) for mistake in parse(text)[1]] == mistakes


@pytest.mark.parametrize(
    "text", ["-20 °C", "at 10:30", "http://a.b/c", "Root cause: solder", "drops — to 22.3 V", "a (b)", "14 %"]
)
def test_what_people_paste_is_no_mistake(text):
    assert parse(text)[1] == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("FND-231", 231),
        ("fnd-231", 231),
        (" Fnd-231 ", 231),
        ("FND-231 x", None),
        ("-FND-231", None),
        ("231", None),
    ],
)
def test_a_reference_alone_names_its_issue(text, number):
    assert parse(text)[0].reference == number


def test_the_same_term_twice_is_one():
    assert parse("a a FND-7 fnd-7")[0] == Query((search.Words("a"), Reference(7)))


# Words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("118 °C", ["118", "°c"]),
        ("118°C 118V", ["118", "°c", "118", "v"]),
        ("118 ℃", ["118", "°c"]),
        ("22.3 V, 1,420 s", ["22.3", "v", "1420", "s"]),
        ("PWR-REQ-042 str_b_v Q3", ["pwr", "req", "042", "str", "b", "v", "q3"]),
        ("Größe ﬁn ÉCLIPSE Ω", ["grosse", "fin", "eclipse", "ω"]),
        ("温度センサ", list("温度センサ")),
        ("14 %", ["14", "%"]),
        ("x" * 100, ["x" * 60]),
        ("'; \\ & | ! <-> :*", []),
    ],
)
def test_a_text_is_taken_apart(text, tokens):
    assert search_text.tokens(text) == tokens


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127)))
def test_letters_of_ascii_are_taken_apart_as_they_are_among_others(text):
    assert search_text.tokens(text) == search_text.tokens(f"{text} 温")[:-1]


def titles(q: str, **more: str) -> set[str]:
    """What a query finds, the same by every way to find words, and counted the same."""
    wanted = IssueFilter(q=q, **more)
    assert wanted.mistakes == ()
    found = [
        set(wanted.apply(Issue.objects.alive(), one_by_one=way).values_list("title", flat=True))
        for way in (False, True)
    ]
    assert found[1:] == found[:-1]
    assert queries.count(wanted) == len(found[0])
    assert queries.count_up_to(wanted) == Tally(len(found[0]))
    rows, total = queries.issue_page(wanted, 100, 0)
    assert (len(rows), total) == (len(found[0]), len(found[0]))
    return found[0]


@pytest.fixture
def findings(db):
    ada, atlas = make_user("ada@example.com"), User.objects.agent()
    make_issue(
        atlas,
        title="Battery string B drops to 22.3 V",
        tags=["power", "tvac"],
        priority="high",
        description='[{"type": "paragraph", "text": "See **PWR-REQ-042**, channel str_b_v, at 118 °C."}]',
    )
    make_issue(
        ada,
        title="Torque ripple above 4 mNm",
        owner="ada@example.com",
        status="in_progress",
        priority="medium",
    )
    sag = make_issue(ada, title="Bus sag", status="resolved", resolution_summary="Ground loop in the harness")
    sag.comment(by=ada, content="Seen again with the flight battery.")
    make_issue(title="Rauschen im Größenmesser", status=None, priority=None, attachments=[make_attachment(name="vibration_run7.csv").uuid])  # fmt: skip


@pytest.mark.usefixtures("findings")
@pytest.mark.parametrize(
    ("q", "starts"),
    [
        ("batt", {"Bat", "Bus"}),
        ("BATTERY string", {"Bat"}),
        ("battery -string", {"Bus"}),
        ("-battery", {"Tor", "Rau"}),
        ('-"flight battery" batt', {"Bat"}),
        ('"string b drops"', {"Bat"}),
        ('"b string"', set()),
        ('"batt"', set()),
        ("22.3", {"Bat"}),
        ('"22.3 V"', {"Bat"}),
        ("PWR-REQ-042", {"Bat"}),
        ("pwr-req", {"Bat"}),
        ("str_b_v", {"Bat"}),
        ("118 °C", {"Bat"}),
        ("118°c", {"Bat"}),
        ("harness", {"Bus"}),
        ("grossen", {"Rau"}),
        ("vibration_run7", {"Rau"}),
        ("attery", set()),
        ("status:open", {"Bat"}),
        ("status:open,none", {"Bat", "Rau"}),
        ("-status:open", {"Tor", "Bus", "Rau"}),
        ("priority:high,medium", {"Bat", "Tor"}),
        ("no:priority", {"Rau"}),
        ("tag:power", {"Bat"}),
        ("no:tag -by:atlas", {"Tor", "Bus", "Rau"}),
        ("owner:me", {"Tor"}),
        ("by:me", {"Tor", "Bus"}),
        ("-owner:none", {"Tor"}),
        ("by:atlas", {"Bat"}),
        ("by:people", {"Tor", "Bus", "Rau"}),
        ("has:csv", {"Rau"}),
        ("no:attachment", {"Bat", "Tor", "Bus"}),
        ("has:comment", {"Bus"}),
        ("is:untriaged", {"Bat", "Rau"}),
        ("is:closed", {"Bus"}),
        ("closed:today batt", {"Bus"}),
        ("created:<today", set()),
        ("updated:>=today is:open", {"Bat", "Tor", "Rau"}),
        ("has:session", set()),
    ],
)
def test_a_query_finds(q, starts):
    assert {title[:3] for title in titles(q, me="ada@example.com")} == starts


@pytest.mark.django_db
def test_days_are_whole_and_utc():
    for hour in (-1, 0, 23, 24):
        make_issue(title=str(hour), at=datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=hour))

    assert titles("created:2026-10-01") == {"0", "23"}
    assert titles("created:>2026-10-01") == {"24"}
    assert titles("created:>=2026-10-01") == {"0", "23", "24"}
    assert titles("created:<2026-10-01") == {"-1"}
    assert titles("created:..2026-10-01") == {"-1", "0", "23"}
    assert titles("created:2026-09-30..2026-10-01") == {"-1", "0", "23"}
    assert titles("-created:2026-10-01") == {"-1", "24"}


@pytest.mark.django_db
def test_runs_sessions_and_references_find_their_issues():
    run, session = uuid4(), make_session()
    one = make_issue(User.objects.agent(), title="one", job_run_id=run, sessions=[session.uuid])
    two = make_issue(title="two")

    assert titles(f"run:{run}") == titles(f"session:{session.uuid}") == titles("has:session") == {"one"}
    assert titles(one.reference.lower()) == {"one"}
    assert titles(f"-{one.reference}") == {"two"}
    assert titles(f"{one.reference} {two.reference}") == set()


@pytest.mark.django_db
def test_me_and_days_mean_something_else_to_others_and_tomorrow():
    parameters = QueryDict("q=owner:me+created:today")

    ada, mara = (IssueFilter.parse(parameters, me=me) for me in ("ada@example.com", "mara@example.com"))

    assert ada != mara
    assert hash(ada) != hash(IssueFilter(q=ada.q, me=ada.me, today=ada.today + timedelta(days=1)))
    assert IssueFilter(q="x", me="ada@example.com") == IssueFilter(q="x", me="mara@example.com")
    assert "nobody is signed in" in str(IssueFilter.parse(parameters).mistakes[0])


# The words follow the verbs


def stored() -> dict[int, str]:
    return dict(SearchText.objects.values_list("issue_id", "words"))


@pytest.mark.django_db
def test_every_verb_that_changes_words_changes_what_is_found():
    ada = make_user()
    issue = make_issue(ada, title="alpha", tags=["beta"])
    found = lambda word: bool(titles(word))  # noqa: E731

    issue.change(by=ada, title="gamma")
    assert (found("alpha"), found("gamma"), found("beta")) == (False, True, True)
    issue.change(by=ada, tags=["delta"], resolution_summary="epsilon", description='[{"text": "zeta"}]')
    assert (found("beta"), found("delta"), found("epsilon"), found("zeta")) == (False, True, True, True)
    comment = make_comment(issue, ada, "eta")
    assert found("eta")
    comment.edit("theta", by=ada)
    assert (found("eta"), found("theta")) == (False, True)
    comment.trash(by=ada)
    assert not found("theta")
    comment.restore(by=ada)
    assert found("theta")
    file = make_attachment(name="iota.csv")
    issue.change(by=ada, attachments=[file.uuid])
    assert found("iota")
    file.change(by=ada, title="kappa")
    assert found("kappa")
    role = issue.add_file(by=ada, attachment=file.uuid, file_type="plan", file_name="lambda.md")
    assert found("lambda")
    role.remove(by=ada)
    assert not found("lambda")
    issue.change(by=ada, attachments=[])
    assert not found("iota")
    issue.trash(by=ada)
    assert stored() == {}
    issue.restore(by=ada)
    assert found("gamma")


@pytest.mark.django_db
def test_what_the_verbs_keep_is_what_a_rebuild_writes(findings):
    make_issue().trash(by=make_user())
    kept = stored()

    SearchText.objects.all().delete()
    call_command("rebuild_search", stdout=open("/dev/null", "w"))  # noqa: SIM115

    assert stored() == kept
    assert len(kept) == 4


@pytest.mark.django_db
def test_an_issue_with_more_words_than_fit_is_kept_and_found_by_its_title():
    issue = make_issue(title="Needle")
    for n in range(3):
        make_comment(issue, content=" ".join(f"w{n}x{m}" for m in range(1_200)))

    assert titles("needle w2x1199") == {"Needle"}
    assert len(search_text.vector(("D", (f"{n:059}" for n in range(20_000)))).encode()) < 1_000_000


@pytest.mark.django_db
def test_suggestions_are_titles_first_and_a_number_is_its_issue():
    ada = make_user()
    inside = make_issue(ada, title="Wheel", description='[{"text": "battery"}]')
    title = make_issue(ada, title="Battery")
    make_issue(ada, title="Other")

    assert [issue.pk for issue in queries.suggest("batt")] == [title.pk, inside.pk]
    assert [issue.pk for issue in queries.suggest(str(title.pk))] == [title.pk]
    assert queries.suggest(f"fnd-{inside.pk}")[0] == inside
    assert queries.suggest("   ") == queries.suggest("\0") == queries.suggest("…") == []
    title.trash(by=ada)
    assert [issue.pk for issue in queries.suggest("batt")] == [inside.pk]


@pytest.mark.django_db
@pytest.mark.parametrize("fold", [lambda: None, search_index.fold])
def test_suggestions_are_of_the_newest_with_the_words(monkeypatch, fold):
    monkeypatch.setattr(suggestions, "MET", 2)
    ada = make_user()
    titles = ["battery one", "other", "battery two", "other", "battery three"]
    made = [make_issue(ada, title=title, tags=["battery"]) for title in titles]
    fold()

    assert [issue.title for issue in queries.suggest("battery")] == ["battery three", "other"]
    assert queries.suggest("battery t") == []
    assert queries.suggest("battery thr") == [made[4]]
    assert queries.suggest('"battery" -two status:open') == []
