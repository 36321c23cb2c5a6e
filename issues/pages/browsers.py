"""What a browser calls itself, in words a person knows it by."""

# The first that is found names it: Edge says Chrome and Safari, too, and Chrome says Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def name_of_browser(said: str) -> str:
    """`Mozilla/5.0 (X11; Linux x86_64) … Firefox/140.0` → `Firefox on Linux`."""
    browser = next((name for mark, name in _BROWSERS if f"{mark}" in said), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in said), "")
    return f"{browser} on {system}" if system else browser
