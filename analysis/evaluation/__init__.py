"""Measurements on trained networks, one value per example."""

from analysis.evaluation.attacks import attack
from analysis.evaluation.certified import certified_radii, margins, pairwise_radii
from analysis.evaluation.cost import inference_seconds, memory_of_a_step
from analysis.evaluation.jacobians import layer_jacobians, slopes
from analysis.evaluation.robustness import Robustness, SoundnessError, robustness
from analysis.evaluation.scores import scores
from analysis.evaluation.smoothing import smoothed_radii
from analysis.evaluation.sound import sound_radii
from analysis.evaluation.together import scores_together, sound_radii_together

__all__ = [
    "Robustness",
    "SoundnessError",
    "attack",
    "certified_radii",
    "inference_seconds",
    "layer_jacobians",
    "margins",
    "memory_of_a_step",
    "pairwise_radii",
    "robustness",
    "scores",
    "scores_together",
    "slopes",
    "smoothed_radii",
    "sound_radii",
    "sound_radii_together",
]
