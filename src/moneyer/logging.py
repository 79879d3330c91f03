"""One JSON object a line on standard error. No line holds a secret, a token, a body or a login."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Sets up logging for the process. Called once, before anything is served."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
