"""Image data sets as arrays: sources by name, folder or file, and nested subsets of them.

Importing this package reads no file and loads neither torch nor scikit-learn, pyarrow or pillow.
"""

from analysis.datasets.dataset import Dataset, Split
from analysis.datasets.drawn import FORM, recipe_of
from analysis.datasets.known import KNOWN
from analysis.datasets.sources import is_complete, load
from analysis.datasets.subsets import nested_subsets, stratified_split

__all__ = [
    "FORM",
    "KNOWN",
    "Dataset",
    "Split",
    "is_complete",
    "load",
    "nested_subsets",
    "recipe_of",
    "stratified_split",
]
