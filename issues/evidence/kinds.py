"""Which extensions are which images, and how large one may be."""

# What may be shown inside a page, if it really is one: extension → Pillow's name, type.
INLINE = {"png": ("PNG", "image/png"), "jpg": ("JPEG", "image/jpeg"), "jpeg": ("JPEG", "image/jpeg"),
          "gif": ("GIF", "image/gif"), "webp": ("WEBP", "image/webp")}  # fmt: skip
PIXELS_MAX = 64_000_000
