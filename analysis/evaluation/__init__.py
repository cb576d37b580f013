"""Measurements on trained networks, one value per example."""

from analysis.evaluation.attacks import attack
from analysis.evaluation.certified import certified_radii, margins
from analysis.evaluation.cost import inference_seconds, memory_of_a_step
from analysis.evaluation.scores import scores
from analysis.evaluation.smoothing import smoothed_radii
from analysis.evaluation.sound import sound_radii

__all__ = [
    "attack",
    "certified_radii",
    "inference_seconds",
    "margins",
    "memory_of_a_step",
    "scores",
    "smoothed_radii",
    "sound_radii",
]
