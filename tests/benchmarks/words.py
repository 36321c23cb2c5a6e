"""Words that are hard to find: in old issues only, and two that many issues have and none has both of."""

from django.db import connection

from issues.models import Issue, search_index

OLD = 0.6  # of the issues, the oldest: a third of them has the word
OFTEN = 20  # every so manieth issue has the one word, and as many others have the other


def spread() -> None:
    """Give the issues that are there these words, behind the verbs' back, and make what is searched of them anew."""
    newest = Issue.objects.order_by("-id").values_list("id", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE issues_searchtext SET words = words
                || CASE WHEN issue_id %% 3 = 0 AND issue_id <= %(old)s THEN '''bygone'':900'::tsvector ELSE '' END
                || CASE issue_id %% %(often)s WHEN 0 THEN '''evenly'':910'::tsvector
                        WHEN %(often)s / 2 THEN '''oddly'':920'::tsvector ELSE '' END
            WHERE (issue_id %% 3 = 0 AND issue_id <= %(old)s) OR issue_id %% %(often)s IN (0, %(often)s / 2)
            """,
            {"old": int(newest * OLD), "often": OFTEN},
        )
    search_index.rebuild()
