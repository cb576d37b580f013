"""Subspaces and classifiers as scikit-learn's estimators: for pipelines, searches and learning curves.

Importing this package loads scikit-learn, and no torch: that is loaded by the first ``fit``.
"""

from analysis.estimators.band import PrincipalBand
from analysis.estimators.classifiers import LipschitzClassifier, StandardClassifier

__all__ = ["LipschitzClassifier", "PrincipalBand", "StandardClassifier"]
