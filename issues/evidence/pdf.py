"""The first page of a PDF as PNG on standard output, after a line of JSON: `python -m issues.evidence.pdf FILE W H`.

A program of its own, with little memory and little time: the library is C++, and the files come from anywhere.
"""

import json
import resource
import sys

import pypdfium2

MEMORY = 1 << 30  # bytes of address space
SECONDS = 15


def main(path: str, width: int, height: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    document = pypdfium2.PdfDocument(path)
    page = document[0]
    scale = min(width / page.get_width(), 4 * height / page.get_height())
    image = page.render(scale=max(0.05, min(scale, 4))).to_pil()
    image = image.crop((0, 0, image.width, min(image.height, image.width * height // width)))
    sys.stdout.buffer.write(json.dumps({"pages": len(document)}).encode() + b"\n")
    image.save(sys.stdout.buffer, "PNG")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
