"""Measurements on trained networks, one value per example."""

from analysis.evaluation.certified import certified_radii, margins
from analysis.evaluation.scores import scores
from analysis.evaluation.sound import sound_radii

__all__ = ["certified_radii", "margins", "scores", "sound_radii"]
