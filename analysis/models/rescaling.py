r"""The weight rescaling of AOL for all layers of one shape, of all networks of a cohort, at once."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

LARGEST = 2.0**60  # sums beyond it, or below its inverse, are left to the careful formula, which divides first


@dataclass
class Rescaling:
    r"""Scaled parameters and their gradient, in memory that is used again at every step.

    Attributes:
        gram: :math:`P^\top P` of the parameters P, shape ``(networks * layers, in, in)``.
        scale: What columns are multiplied by, shape ``(networks * layers, 1, in)``.
        weight: The scaled parameters, shape ``(networks * layers, out, in)``.
        gradient: Of the weight, then of the parameters, same shape.
        room: For passing values, shapes of the Gram matrices and of the parameters.
    """

    gram: Tensor
    scale: Tensor
    weight: Tensor
    gradient: Tensor
    room: tuple[Tensor, Tensor]

    @classmethod
    def room_for(cls, parameter: Tensor) -> "Rescaling":
        """Memory for parameters ``(networks, layers, out, in)``."""
        networks, layers, outputs, inputs = parameter.shape
        new = partial(torch.empty, dtype=parameter.dtype)
        square, rectangle = (networks * layers, inputs, inputs), (networks * layers, outputs, inputs)
        return cls(
            gram=new(square),
            scale=new(networks * layers, 1, inputs),
            weight=new(rectangle),
            gradient=new(rectangle),
            room=(new(square), new(rectangle)),
        )

    @torch.no_grad()
    def rescale(self, parameter: Tensor) -> bool:
        """Scale the parameters.

        Args:
            parameter: Shape ``(networks, layers, out, in)``.

        Returns:
            False where sums are too large or small to be formed without dividing first: nothing is scaled then.
        """
        matrices = parameter.flatten(0, 1)
        torch.bmm(matrices.mT, matrices, out=self.gram)
        sums = torch.abs(self.gram, out=self.room[0]).sum(dim=1, keepdim=True)
        least, largest = (float(extreme) for extreme in sums.aminmax())
        if not (least > 1 / LARGEST and largest < LARGEST):  # nor nan
            return False
        torch.rsqrt(sums, out=self.scale)
        torch.mul(matrices, self.scale, out=self.weight)
        return True

    def descale(self, parameter: Tensor) -> Tensor:
        r"""Turn the gradient of the weight into that of the parameters.

        With the scale :math:`d = r^{-1/2}` of the sums r, and :math:`h = -\tfrac12 d^3 \partial L / \partial d` the
        gradient of r, the parameters' is that of the weight times d, plus :math:`P ((h_i + h_j) \operatorname{sign}
        G_{ij})`; the sign of rounding noise is 0, as in :class:`analysis.lipschitz.absolute_sums.MatrixSums`.

        Args:
            parameter: Shape ``(networks, layers, out, in)``.

        Returns:
            The gradient, of the same shape, in memory that the next step overwrites.
        """
        matrices = parameter.flatten(0, 1)
        square, rectangle = self.room
        slopes = torch.mul(self.gradient, matrices, out=rectangle).sum(dim=1, keepdim=True)
        slopes.mul_(self.scale**3).mul_(-0.5)
        noise = (8 * torch.finfo(parameter.dtype).eps) ** 0.5 * self.gram.diagonal(dim1=1, dim2=2).sqrt()[:, None]
        above = noise.reciprocal()
        products = self.gram.mul_(above).mul_(above.mT)
        signs = products.sub_(torch.clamp(products, -1, 1, out=square)).sign_()
        signs.mul_(torch.add(slopes, slopes.mT, out=square))
        return self.gradient.mul_(self.scale).baddbmm_(matrices, signs).view_as(parameter)
