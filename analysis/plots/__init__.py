"""Arrays in, axes out. Knows no trials and no files."""

from analysis.plots.bars import Bars, plot_groups
from analysis.plots.curves import Curve, Prediction
from analysis.plots.images import image_grid
from analysis.plots.radar import plot_radar
from analysis.plots.style import COLORS, add_caption, house_style, new_figure, settle, tidy

__all__ = [
    "COLORS",
    "Bars",
    "Curve",
    "Prediction",
    "add_caption",
    "house_style",
    "image_grid",
    "new_figure",
    "plot_groups",
    "plot_radar",
    "settle",
    "tidy",
]
