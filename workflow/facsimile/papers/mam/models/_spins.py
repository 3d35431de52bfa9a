"""Networks on spins of which some may be unknown, and distributions of one spin after the other.

Spins are -1 and +1, and 0 where unknown. An order of the sites is int64 [sites, b], as a declared
permutation: row 0 has the site that each of b configurations begins with.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.special import ndtr

STATES = 3  # of a site: unknown, -1, +1
BLOCK = 100  # configurations whose conditionals are computed at once


class SpinNetwork(nn.Module):
    """Dense layers on spins, with a residual connection around each layer but first and last.

    MLPRes in PrincetonLIPS/MaM, mam/models/nn.py, on one-hot states of the sites.

    Args:
        sites: number of sites.
        width: units of each hidden layer.
        layers: number of hidden layers.
        outputs: number of outputs.
    """

    def __init__(
        self,
        sites: int,
        width: int,
        layers: int,
        outputs: int,
    ) -> None:
        super().__init__()
        self.first = nn.Linear(STATES * sites, width)
        between = [nn.Linear(width, width) for _ in range(layers - 1)]
        self.between = nn.ModuleList(between)
        self.last = nn.Linear(width, outputs)

    def forward(self, spins: Tensor) -> Tensor:
        """Return the outputs [b, outputs] for spins [b, sites]."""
        hidden = self.hidden(self.entered(spins))
        output: Tensor = self.last(hidden)
        return output

    def entered(self, spins: Tensor) -> Tensor:
        """Return what spins [b, sites] are before the first activation, [b, width]."""
        states = torch.stack((spins == 0, spins < 0, spins > 0), -1)
        one_hot = states.flatten(1).to(spins.dtype)
        entered: Tensor = self.first(one_hot)
        return entered

    def hidden(self, entered: Tensor) -> Tensor:
        """Return the last hidden layer [..., width] from what ``entered`` returned."""
        units = functional.leaky_relu(entered)
        for layer in self.between:
            units = units + functional.leaky_relu(layer(units))
        return units

    def revealed(
        self,
        site: Tensor,
        up: Tensor,
    ) -> Tensor:
        """Return how ``entered`` changes, [..., width], when a site becomes known.

        Args:
            site: sites, int64 [...].
            up: whether the spin is +1, bool [...].
        """
        table = self.first.weight.T
        unknown = STATES * site
        known = unknown + 1 + up.long()
        return table[known] - table[unknown]


class Conditionals(SpinNetwork):
    """Log-probabilities of each spin given the known ones."""

    def __init__(
        self,
        sites: int,
        width: int,
        layers: int,
    ) -> None:
        super().__init__(sites, width, layers, 2 * sites)
        self.sites = sites

    def of_site(
        self,
        spins: Tensor,
        site: Tensor,
        up: Tensor,
    ) -> Tensor:
        """Return log q(spin of a site | known spins), [b].

        Args:
            spins: known spins [b, sites].
            site: the site of each configuration, int64 [b].
            up: whether its spin is +1, bool [b].
        """
        hidden = self.hidden(self.entered(spins))
        logits = self._logits(hidden, site)
        return _of_spin(logits, up)

    def along(
        self,
        spins: Tensor,
        order: Tensor,
    ) -> Tensor:
        """Return log q of each spin given those before it in an order, [b, sites].

        Args:
            spins: spins [b, sites], all known.
            order: order of the sites [sites, b].
        """
        blocks = []
        for rows in torch.arange(len(spins)).split(BLOCK):
            of_rows = order[:, rows].T
            blocks.append(self._along(spins[rows], of_rows))
        return torch.cat(blocks)

    def _along(
        self,
        spins: Tensor,
        order: Tensor,
    ) -> Tensor:
        """As ``along``, for few configurations and an order [b, sites]."""
        up = spins > 0
        changes = self.revealed(order, up.gather(1, order))
        # Before the k-th site of the order, k - 1 sites are known.
        known = changes.cumsum(1) - changes
        nothing = self.entered(torch.zeros_like(spins[:1]))
        hidden = self.hidden(nothing[:, None] + known)
        # From places of the order to sites.
        place = order.argsort(1)
        by_site = hidden.gather(1, place[..., None].expand_as(hidden))
        weight = self.last.weight.view(self.sites, 2, -1)
        bias = self.last.bias.view(self.sites, 2)
        logits = torch.einsum("blw,lkw->blk", by_site, weight) + bias
        return _of_spin(logits, up)

    @torch.no_grad()
    def draw(
        self,
        spins: Tensor,
        sites: Tensor,
        normals: Tensor,
    ) -> Tensor:
        """Draw unknown spins one after the other.

        Args:
            spins: known spins [b, sites].
            sites: the site that is drawn at each of k steps, int64 [k, b].
            normals: standard normals [k, b], from which the spins follow.

        Returns:
            The spins [b, sites] with those of the sites.
        """
        spins = spins.clone()
        entered = self.entered(spins)
        for site, normal in zip(sites, normals, strict=True):
            logits = self._logits(self.hidden(entered), site)
            # Below the quantile of its probability, a spin is +1.
            probability = logits.softmax(-1)[:, 1]
            up = ndtr(normal) < probability
            entered = entered + self.revealed(site, up)
            spin = 2 * up.to(spins.dtype) - 1
            spins.scatter_(1, site[:, None], spin[:, None])
        return spins

    def _logits(
        self,
        hidden: Tensor,
        site: Tensor,
    ) -> Tensor:
        """Logits [b, 2] of one site of each configuration."""
        weight = self.last.weight.view(self.sites, 2, -1)
        bias = self.last.bias.view(self.sites, 2)
        logits = torch.einsum("bw,bkw->bk", hidden, weight[site])
        return logits + bias[site]


def _of_spin(
    logits: Tensor,
    up: Tensor,
) -> Tensor:
    """Log-probability [...] of a spin, from the logits [..., 2] of -1 and +1."""
    index = up.long()[..., None]
    return logits.log_softmax(-1).gather(-1, index)[..., 0]


def log_weight(
    spins: Tensor,
    energy: Tensor,
) -> Tensor:
    """Return log f [b] of an Ising model on a torus.

    Args:
        spins: spins [b, sites], all known.
        energy: weights [2] of each ordered pair of neighbours and of each spin.
    """
    interaction, bias = energy
    side = round(spins.shape[1] ** 0.5)
    grid = spins.view(-1, side, side)
    above = grid.roll(1, 1)
    beside = grid.roll(1, 2)
    pairs = (grid * (above + beside)).sum((1, 2))
    return 2 * interaction * pairs + bias * spins.sum(1)


def standardised(values: Tensor) -> Tensor:
    """Return values [b] minus their mean, divided by their standard deviation."""
    centred = values - values.mean()
    smallest = torch.finfo(values.dtype).eps
    return centred / (values.std() + smallest)


def uniform_sites(
    normals: Tensor,
    sites: int,
) -> Tensor:
    """Return uniform numbers from 0 to sites - 1, int64 [...], from standard normals [...]."""
    # Rounded to float32, the distribution function is 1 from 5.4 on.
    return (ndtr(normals) * sites).long().clamp(max=sites - 1)
