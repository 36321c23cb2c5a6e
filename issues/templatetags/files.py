"""How templates speak of files."""

from django import template
from django.conf import settings

from issues.evidence.sizes import size_in_words

register = template.Library()
register.filter("size", size_in_words)


@register.simple_tag
def upload_limit() -> int:
    """Bytes of all files of one form."""
    limit: int = settings.UPLOAD_LIMIT
    return limit
