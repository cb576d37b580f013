"""One page that shows all figures, with the numbers behind them, and answers questions about them; in one file."""

from analysis.page.write import PAGE, write_page

__all__ = ["PAGE", "write_page"]
