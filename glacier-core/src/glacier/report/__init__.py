"""A run as one page that can be looked at, kept and sent around."""

from glacier.report.page import write_report

__all__ = ["write_report"]
