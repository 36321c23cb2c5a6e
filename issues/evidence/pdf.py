"""A page of a PDF as a picture on standard output, after a line of JSON: `python -m issues.evidence.pdf FILE PAGE W H`.

A program of its own, with little memory and little time: the library is C++, and the files come from anywhere. The line
says how many pages there are, and how large the picture is.
"""

import json
import os
import resource
import sys

import pypdfium2

MEMORY = 1 << 30  # bytes of address space
SECONDS = 15


def main(path: str, number: int, width: int, height: int) -> None:
    """Draw page `number`, from 1, as wide as `width`, and as much of it as `height` has. IndexError: no such page."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    os.nice(10)  # whoever reads something else goes first
    document = pypdfium2.PdfDocument(path)
    if not 1 <= number <= len(document):
        raise IndexError(number)
    page = document[number - 1]
    scale = min(width / page.get_width(), 4 * height / page.get_height())
    image = page.render(scale=max(0.05, min(scale, 4))).to_pil()
    image = image.crop((0, 0, image.width, min(image.height, image.width * height // width))).convert("RGB")
    facts = {"pages": len(document), "width": image.width, "height": image.height}
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n")
    image.save(sys.stdout.buffer, "WEBP", quality=82, method=4)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
