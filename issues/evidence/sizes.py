"""Sizes of files as people read them."""


def size_in_words(size: int) -> str:
    """`980 B`, `1.5 kB`, `24 MB`, `1.02 GB`: three digits, and units of a thousand, as data sheets and disks have them."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.3g} {unit}"
