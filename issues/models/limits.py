"""Every length and size rule, written once. API inputs, forms, OpenAPI and constraints read them from here.

Source: the documented API and its settled points. Lengths count Unicode code points, sizes bytes.
"""

from issues.blocks.check import BLOCKS_BYTES, BLOCKS_DEPTH, BLOCKS_MAX

TITLE_MAX = 500
TITLE_ORDER = 100  # how much of a title sorts it; more would cost every writer, and nobody sees it
TAG_MAX = 64
TAGS_MAX = 50
OWNER_MAX = 254
UNASSIGNED = "Unassigned"
RESOLUTION_MAX = 10_000
LINKS_MAX = 200  # attachments or sessions of one issue

COMMENT_MAX = 10_000
COMMENT_FILES_MAX = 10
EMOJI_MAX = 32

FILE_TYPE_MAX = 64
NAME_MAX = 255
UPLOAD_FILES_MAX = 100  # of one request; how many bytes is a setting
EXTENSION_MAX = 32
ATTACHMENT_TEXT_MAX = 10_000  # title, description and citation of an attachment

SESSION_TITLE_MAX = 500
SESSION_DESCRIPTION_MAX = 10_000

VIEW_NAME_MAX = 60
VIEW_QUERY_MAX = 4_000  # of a saved view, as it stands in an address
VIEWS_MAX = 100  # of one person
PINS_SHOWN = 20  # in the side column

TRASH_DAYS = 30

__all__ = [
    "ATTACHMENT_TEXT_MAX",
    "BLOCKS_BYTES",
    "BLOCKS_DEPTH",
    "BLOCKS_MAX",
    "COMMENT_FILES_MAX",
    "COMMENT_MAX",
    "EMOJI_MAX",
    "EXTENSION_MAX",
    "FILE_TYPE_MAX",
    "LINKS_MAX",
    "NAME_MAX",
    "OWNER_MAX",
    "PINS_SHOWN",
    "RESOLUTION_MAX",
    "SESSION_DESCRIPTION_MAX",
    "SESSION_TITLE_MAX",
    "TAGS_MAX",
    "TAG_MAX",
    "TITLE_MAX",
    "TITLE_ORDER",
    "TRASH_DAYS",
    "UNASSIGNED",
    "VIEWS_MAX",
    "VIEW_NAME_MAX",
    "VIEW_QUERY_MAX",
]
