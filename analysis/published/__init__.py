"""Tables of others' results, to lay beside ours. To add one: the CSV file here, and a line in the table of tables."""

from analysis.published.tables import TABLES, Table, load

__all__ = ["TABLES", "Table", "load"]
