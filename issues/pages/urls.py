"""The map of the pages. A page's address holds its whole state."""

from django.urls import path, re_path, register_converter
from django.urls.converters import IntConverter

from . import (
    account,
    board,
    bulk,
    comments,
    description,
    evidence,
    files,
    help,
    issue,
    issue_list,
    live,
    menu,
    metrics,
    new,
    palette,
    people,
    plan,
    session,
    sign_in,
    trash,
    undo,
    views,
)

app_name = "pages"


class _Big(IntConverter):
    """An id that fits PostgreSQL's bigint: a longer number is no address."""

    regex = "[0-9]{1,18}"


register_converter(_Big, "big")

_ISSUE = r"^FND-(?P<number>[1-9]\d{0,17})"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PLAN = _ISSUE + rf"/plans/(?P<file_id>{_UUID})"
_COMMENT = _ISSUE + rf"/comments/(?P<comment_id>{_UUID})"

live_urls = [path("live", live.live, name="live")]
board_urls = [
    path("", board.board, name="board"),
    path("board/changes", board.board_changes, name="board_changes"),
    re_path(_ISSUE + "/card$", board.change_card, name="change_card"),
    path("menu/<slug:field>", menu.menu, name="menu"),
    path("palette", palette.palette, name="palette"),
    path("help", help.help_page, name="help"),
    path("board", board.other_address),
]
issue_urls = [
    re_path(_ISSUE + "$", issue.issue_page, name="issue"),
    re_path(_ISSUE + "/figure$", issue.issue_figure, name="issue_figure"),
    re_path(r"^[Ff][Nn][Dd]-(?P<number>[1-9]\d{0,17})$", issue.other_spelling),
    re_path(r"^(?P<number>[1-9]\d{0,17})$", issue.other_spelling),
    path("new", new.new_issue, name="new"),
    path("new/similar", new.similar, name="similar"),
    re_path(_ISSUE + "/status$", issue.change_status, name="change_status"),
    re_path(_ISSUE + "/description$", description.edit_description, name="edit_description"),
    re_path(_ISSUE + "/history$", description.history, name="history"),
    re_path(_ISSUE + "/description/restore$", description.restore_description, name="restore_description"),
    re_path(_ISSUE + "/files$", files.issue_files, name="issue_files"),
    re_path(_ISSUE + f"/files/(?P<attachment_id>{_UUID})$", files.change_file, name="change_file"),
    re_path(_ISSUE + f"/files/(?P<attachment_id>{_UUID})/remove$", files.remove_file, name="remove_file"),
    re_path(_ISSUE + f"/roles/(?P<file_id>{_UUID})/remove$", files.remove_role, name="remove_role"),
    re_path(_PLAN + "$", plan.plan_page, name="plan"),
    re_path(_PLAN + "/tick$", plan.tick_step, name="tick_step"),
    re_path(_PLAN + "/untick$", plan.untick_step, name="untick_step"),
    re_path(_PLAN + "/replace$", plan.replace_plan, name="replace_plan"),
    re_path(_ISSUE + "/delete$", issue.trash_issue, name="trash_issue"),
    re_path(_ISSUE + "/restore$", issue.restore_issue, name="restore_issue"),
    re_path(_ISSUE + "/react$", issue.react_to_issue, name="react_to_issue"),
    re_path(_ISSUE + "/comments$", comments.add_comment, name="add_comment"),
    re_path(_COMMENT + "/edit$", comments.edit_comment, name="edit_comment"),
    re_path(_COMMENT + "/delete$", comments.trash_comment, name="trash_comment"),
    re_path(_COMMENT + "/restore$", comments.restore_comment, name="restore_comment"),
    re_path(_COMMENT + "/react$", comments.react, name="react"),
    re_path(_COMMENT + "/versions$", comments.comment_versions, name="comment_versions"),
    path("mentions", comments.mentions, name="mentions"),
    re_path(_ISSUE + "/(?P<field>status|priority|owner|tags)/choices$", issue.choices, name="choices"),
    re_path(
        _ISSUE + "/(?P<field>title|priority|owner|tags|resolution_summary)$",
        issue.change_field,
        name="change_field",
    ),
]
evidence_urls = [
    path("file", files.upload, name="upload"),
    path("file/<uuid:attachment_id>", files.file_content, name="file"),
    path("file/<uuid:attachment_id>/view", evidence.file_page, name="file_page"),
    path("file/<uuid:attachment_id>/preview", evidence.preview, name="preview"),
    path("file/<uuid:attachment_id>/reading", evidence.reading_state, name="reading"),
    path("session/<uuid:session_id>", session.session_page, name="session"),
    path("session/<uuid:session_id>/edit", session.edit_session, name="edit_session"),
    path("session/<uuid:session_id>/star", session.star_session, name="star_session"),
    path("session/<uuid:session_id>/unstar", session.unstar_session, name="unstar_session"),
    path("session/<uuid:session_id>/files", session.add_session_files, name="add_session_files"),
]
metrics_urls = [
    path("dashboard", metrics.metrics, name="metrics"),
    path("dashboard/wall", metrics.wall, name="wall"),
    path("dashboard/digest", metrics.digest, name="digest"),
    path("dashboard/<slug:name>.csv", metrics.chart_csv, name="chart_csv"),
    path("issues.csv", metrics.issues_csv, name="issues_csv"),
]
account_urls = [
    path("signin", sign_in.sign_in, name="signin"),
    path("signout", sign_in.sign_out, name="signout"),
    path("link/<str:key>", sign_in.link, name="link"),
    path("theme", account.set_theme, name="theme"),
    path("account", account.account, name="account"),
    path("account/name", account.rename, name="rename"),
    path("account/password", account.change_password, name="change_password"),
    path("account/keys", account.set_keys, name="keys"),
    path("account/sessions/end", account.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("account/tokens", account.make_token, name="make_token"),
    path("account/tokens/<big:token_id>/revoke", account.revoke_token, name="revoke_token"),
]
people_urls = [
    path("people", people.people_page, name="people"),
    path("people/invite", people.invite, name="invite"),
    path("people/<big:person_id>/role", people.change_role, name="change_role"),
    path("people/<big:person_id>/link", people.make_link, name="make_link"),
    path("people/<big:person_id>/deactivate", people.deactivate, name="deactivate"),
    path("people/<big:person_id>/reactivate", people.reactivate, name="reactivate"),
    path("people/atlas/tokens", people.make_agent_token, name="make_agent_token"),
    path("people/atlas/tokens/<big:token_id>/revoke", people.revoke_agent_token, name="revoke_agent_token"),
]

list_urls = [
    path("list", issue_list.issue_list, name="list"),
    path("list/changes", issue_list.list_changes, name="list_changes"),
    path("list/select", bulk.select, name="select"),
    path("list/change", bulk.change_selected, name="change_selected"),
    path("list/columns", issue_list.choose_columns, name="list_columns"),
]
view_urls = [
    path("views/", views.views, name="views"),
    path("views/new", views.save_view, name="save_view"),
    path("views/counts", views.view_counts, name="view_counts"),
    path("views/<big:view_id>/rename", views.rename_view, name="rename_view"),
    path("views/<big:view_id>/delete", views.trash_view, name="trash_view"),
    path("views/<big:view_id>/restore", views.restore_view, name="restore_view"),
    re_path(
        r"^views/(?P<view_id>[1-9]\d{0,17})/(?P<change>share|unshare)$", views.share_view, name="share_view"
    ),
    re_path(
        r"^views/(?P<view_id>[1-9]\d{0,17})/(?P<place>pin|unpin|up|down)$",
        views.place_view,
        name="place_view",
    ),
]
undo_urls = [path("undo", undo.take_back, name="undo"), path("trash", trash.trash, name="trash")]

urlpatterns = [
    *live_urls,
    *board_urls,
    *list_urls,
    *view_urls,
    *issue_urls,
    *undo_urls,
    *evidence_urls,
    *metrics_urls,
    *account_urls,
    *people_urls,
]
