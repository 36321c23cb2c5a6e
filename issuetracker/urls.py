"""Mounts the two front ends: JSON at the documented paths and under /api/v1/, pages everywhere else."""

from django.urls import include, path, re_path

from issues.api.http import nowhere

urlpatterns = [
    path("api/v1/", include("issues.api.urls", namespace="api_v1")),
    re_path(r"^api/v1/", nowhere),
    path("", include("issues.api.urls", namespace="api")),
    path("", include("issues.pages.urls")),
]

handler400 = "issues.pages.errors.bad_request"
handler403 = "issues.pages.errors.permission_denied"
handler404 = "issues.pages.errors.not_found"
handler500 = "issues.pages.errors.server_error"
