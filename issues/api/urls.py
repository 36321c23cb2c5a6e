"""The map of the JSON routes. The same map is mounted at the root, as documented, and under /api/v1/."""

from django.urls import path, re_path

from . import attachments, comments, docs, files, issues, metrics, sessions
from .http import nowhere

app_name = "api"

# The documented routes, in the documented order; then ours.
documented = [
    path("issues", issues.collection_route, name="issues"),
    path("issues/metrics", metrics.metrics_route, name="metrics"),
    path("issues/<str:issue_id>", issues.item_route, name="issue"),
    path("issues/<str:issue_id>/comments", comments.collection_route, name="comments"),
    path("issues/<str:issue_id>/comments/<str:comment_id>", comments.item_route, name="comment"),
    path("issues/<str:issue_id>/files", files.collection_route, name="files"),
]
ours = [
    path("metrics/<str:name>", metrics.chart_route, name="chart"),
    path(
        "issues/<str:issue_id>/comments/<str:comment_id>/reactions/<str:emoji>",
        comments.reaction_route,
        name="reaction",
    ),
    path("issues/<str:issue_id>/files/<str:file_id>", files.item_route, name="file"),
    path("issues/<str:issue_id>/files/<str:file_id>/steps", files.steps_route, name="steps"),
    path("issues/<str:issue_id>/files/<str:file_id>/steps/<str:step>", files.step_route, name="step"),
    path("sessions", sessions.collection_route, name="sessions"),
    path("sessions/<str:session_id>", sessions.item_route, name="session"),
    path("sessions/<str:session_id>/upload-files", sessions.upload_route, name="session_upload"),
    path(
        "sessions/<str:session_id>/attachments/<str:attachment_id>",
        sessions.attachment_route,
        name="session_attachment",
    ),
    path("attachments", attachments.collection_route, name="attachments"),
    path("attachments/<str:attachment_id>", attachments.item_route, name="attachment"),
    path("attachments/<str:attachment_id>/export", attachments.export_route, name="attachment_export"),
    path(
        "attachments/<str:attachment_id>/content/<str:signature>",
        attachments.content_route,
        name="attachment_content",
    ),
]
urlpatterns = [
    *documented,
    *ours,
    path("openapi.json", docs.openapi_route, name="openapi"),
    path("api/docs", docs.reference, name="docs"),
    # No page lives below these: whoever asks for more of them is a program.
    re_path(r"^(?:issues|sessions|attachments|metrics)/", nowhere),
]
