"""Signing in and out, and the theme."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from issues.models import rate_limit

from .htmx import PageRequest, go_back

ATTEMPTS = 10  # sign-ins a minute from one address, right or wrong


class SignIn(LoginView):
    """E-mail and password. The error does not say which of the two was wrong."""

    template_name = "signin.html"
    redirect_authenticated_user = True

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        address = f"sign-in {request.META.get('REMOTE_ADDR')}"
        account = f"sign-in as {str(request.POST.get('username', '')).strip().lower()}"
        if max(rate_limit.count_request(address), 2 * rate_limit.count_request(account)) > ATTEMPTS:
            form = self.get_form()
            response = self.render_to_response(self.get_context_data(form=form, too_many=True), status=429)
            response.headers["Retry-After"] = str(rate_limit.seconds_left())
            return response
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


sign_in = SignIn.as_view()
sign_in.login_required = False  # type: ignore[attr-defined]
sign_out = LogoutView.as_view()


@require_POST
def set_theme(request: PageRequest) -> HttpResponse:
    """Remember light, dark, or the system's choice in a cookie that the server reads."""
    response = go_back(request, "/")
    theme = request.POST.get("theme", "")
    if theme in ("light", "dark"):
        response.set_cookie("theme", theme, max_age=365 * 86400, samesite="Lax", secure=not settings.LOCAL)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
