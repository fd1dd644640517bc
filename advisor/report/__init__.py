"""A finished review as one offline HTML page, Markdown, CSV and JSON; reads nothing but the review."""

from advisor.report.writing import write_report, write_scoreboard

__all__ = ["write_report", "write_scoreboard"]
