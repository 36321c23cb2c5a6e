"""Every key, and the switch that turns single keys off (WCAG 2.1.4). A page, and with script on an overlay by "?"."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from .htmx import PageRequest, go_back, wants_fragment

# (what it does, the keys as they are printed). A browser test holds that every key which a page binds stands here.
GROUPS = (
    ("Anywhere", (
        ("Search or run a command", "Ctrl K"),
        ("Search this view", "/"),
        ("New issue", "N"),
        ("Go to board", "G B"),
        ("Go to list", "G L"),
        ("Go to untriaged", "G T"),
        ("Go to metrics", "G M"),
        ("Undo last change", "U"),
        ("Close, clear the selection, leave the field", "Esc"),
        ("This help", "?"),
    )),
    ("Board and list", (
        ("Next, previous", "J K"),
        ("Next, previous column", "L H"),
        ("Open", "Enter"),
        ("Open in a new tab", "Ctrl Enter"),
        ("Select", "X"),
        ("Select a range", "Shift X"),
        ("Select on the way, in the list", "Shift J K"),
        ("Status", "S"),
        ("Priority", "P"),
        ("Owner", "O"),
        ("Tags", "T"),
        ("Move card", "Shift ← →"),
    )),
    ("Issue", (
        ("Next, previous", "J K"),
        ("Status", "S"),
        ("Priority", "P"),
        ("Owner", "O"),
        ("Tags", "T"),
        ("Edit the description", "E"),
        ("Write a comment", "C"),
        ("Resolve", "R"),
        ("Send, save", "Ctrl Enter"),
    )),
    ("Plan, plot, pictures", (
        ("Next, previous step", "J K"),
        ("Tick the step, or take its tick off", "X"),
        ("Zoom in, out", "+ −"),
        ("Everything", "0"),
        ("Earlier, later", "Shift ← →"),
        ("Next, previous picture", "→ ←"),
    )),
    ("Writing a description", (
        ("Blocks", "/"),
        ("People", "@"),
        ("Bold, italic", "Ctrl B I"),
        ("Code in a line", "Ctrl E"),
        ("Link the selection", "Ctrl K"),
        ("Move the block", "Alt ↑ ↓"),
        ("Deeper, less deep in a list", "Tab"),
        ("Undo, again", "Ctrl Z Y"),
    )),
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def help_page(request: PageRequest) -> HttpResponse:
    """The list of keys; a POST sets the switch (`single_keys=on`, or none for off), which a cookie keeps."""
    if request.method == "POST":
        response: HttpResponse = (
            HttpResponse(status=204) if wants_fragment(request) else go_back(request, "/help")
        )
        if request.POST.get("single_keys") == "on":
            response.delete_cookie("keys", samesite="Lax")
        else:
            response.set_cookie("keys", "off", max_age=365 * 86400, samesite="Lax", secure=not settings.LOCAL)
        return response
    groups = [(name, [(label, keys.split()) for label, keys in lines]) for name, lines in GROUPS]
    context = {"here": "help", "groups": groups, "single_keys": request.COOKIES.get("keys") != "off"}
    response = render(request, "help.html#keys" if wants_fragment(request) else "help.html", context)
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    return response
