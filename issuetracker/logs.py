"""Log lines: one JSON object each, so that nothing a client sends can look like a line of its own."""

import json
import logging
from datetime import UTC, datetime

from .middleware import REQUEST_ID


class JsonLines(logging.Formatter):
    """time, level, logger, request, message, and the traceback of an error."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "request": REQUEST_ID.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)  # ASCII only: no control character gets out
