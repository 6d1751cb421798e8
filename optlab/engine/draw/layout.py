"""The layout of the picture of a graph: layers from left to right, an order within each layer, and heights.

The method is that of Sugiyama, Tagawa and Toda (1981). The layer of an item is the length of the longest path to it. A
value that is used in later layers passes through the layers between as a *lane*. A few sweeps move each item to the
barycentre of its neighbours, which leaves few crossings. Then heights are chosen that bring neighbours to the same
level and keep the order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Item = Hashable
SWEEPS = 12
LANE_WEIGHT = 10.0


@dataclass(frozen=True)
class Lane:
    """The line of an item's value through a later layer."""

    item: Item
    layer: int


@dataclass(frozen=True)
class Layout:
    """The layers, each from top to bottom; the height of the middle of every item and lane; and the links.

    `links` holds for each layer the links from the layer before: (source, target, port). Source and target are items
    or lanes. The port is the position among the inputs of the target.
    """

    layers: Sequence[Sequence[Item]]
    height: Mapping[Item, float]
    links: Sequence[Sequence[tuple[Item, Item, int]]]


def lay_out(
    inputs: Mapping[Item, Sequence[Item]], late: Sequence[Item], ends: Sequence[Item], size: Callable[[Item], float]
) -> Layout:
    """The layout of an acyclic graph.

    Args:
        inputs: the inputs of each item. An item comes after all of its inputs.
        late: items without inputs that are placed just before the first item that uses them, not in the first layer.
        ends: items that no other item uses and that are placed in the last layer.
        size: the vertical space of an item or a lane.
    """
    layer = _layers(inputs, late, ends)
    layers: list[list[Item]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    for item, at in layer.items():
        layers[at].append(item)
    links: list[list[tuple[Item, Item, int]]] = [[] for _ in layers]
    for item, sources in inputs.items():
        for port, source in enumerate(sources):
            for at in range(layer[source] + 1, layer[item]):
                lane = Lane(source, at)
                if lane not in layers[at]:
                    layers[at].append(lane)
                    links[at].append((_before(source, layer[source], at), lane, 0))
            links[layer[item]].append((_before(source, layer[source], layer[item]), item, port))
    layers = _ordered(layers, links)
    return Layout(layers, _heights(layers, links, size), links)


def _before(source: Item, layer: int, at: int) -> Item:
    """The start of a value's link into layer `at`: its item, or its lane in the layer before."""
    return source if at == layer + 1 else Lane(source, at - 1)


def _layers(inputs: Mapping[Item, Sequence[Item]], late: Sequence[Item], ends: Sequence[Item]) -> dict[Item, int]:
    layer: dict[Item, int] = {}
    for item, sources in inputs.items():
        layer[item] = 1 + max((layer[s] for s in sources), default=-1)
    for item in late:
        layer[item] = min((layer[user] - 1 for user, sources in inputs.items() if item in sources), default=0)
    last = max(layer.values(), default=0)
    return layer | dict.fromkeys(ends, last)


# ---- order -----------------------------------------------------------------------------------------------------------


def _ordered(layers: list[list[Item]], links: list[list[tuple[Item, Item, int]]]) -> list[list[Item]]:
    """The order with the fewest crossings that the sweeps find; the first one if there are ties."""
    best, fewest = layers, _crossings(layers, links)
    current = layers
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        current = [list(layer) for layer in current]
        forward = sweep % 2 == 0
        for at in range(1, len(layers)) if forward else range(len(layers) - 1, 0, -1):
            _sort(current, at, links[at], forward)
        found = _crossings(current, links)
        if found < fewest:
            best, fewest = current, found
    return best


def _sort(layers: list[list[Item]], at: int, links: Sequence[tuple[Item, Item, int]], forward: bool) -> None:
    """Sort the items of layer `at` (backward: of the layer before) by the barycentres of their neighbours."""
    fixed, moved = (layers[at - 1], layers[at]) if forward else (layers[at], layers[at - 1])
    place = {item: float(i) for i, item in enumerate(fixed)}
    pulls: dict[Item, list[float]] = {}
    for source, target, port in links:
        if forward:
            pulls.setdefault(target, []).append(place[source])
        else:
            pulls.setdefault(source, []).append(place[target] + 0.1 * port)
    own = {item: float(i) for i, item in enumerate(moved)}
    moved.sort(key=lambda item: sum(pulls[item]) / len(pulls[item]) if item in pulls else own[item])


def _crossings(layers: Sequence[Sequence[Item]], links: Sequence[Sequence[tuple[Item, Item, int]]]) -> int:
    place = {item: i for layer in layers for i, item in enumerate(layer)}
    count = 0
    for between in links:
        ends = [(place[source], (place[target], port)) for source, target, port in between]
        count += sum((a[0] - b[0]) * ((a[1] > b[1]) - (a[1] < b[1])) < 0 for a, b in combinations(ends, 2))
    return count


# ---- heights ---------------------------------------------------------------------------------------------------------


def _heights(
    layers: Sequence[Sequence[Item]], links: Sequence[Sequence[tuple[Item, Item, int]]], size: Callable[[Item], float]
) -> dict[Item, float]:
    """Heights near the mean height of the neighbours.

    Sweeps alternate between backward and forward, and each one uses the neighbours in the layer that it just left.
    Lanes have a large weight, so that long lines are horizontal. The last sweep is a forward sweep.
    """
    before: dict[Item, list[Item]] = {item: [] for layer in layers for item in layer}
    after: dict[Item, list[Item]] = {item: [] for layer in layers for item in layer}
    for source, target, _ in (link for between in links for link in between):
        after[source].append(target)
        before[target].append(source)
    height = dict.fromkeys(before, 0.0)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 1
        neighbours = before if forward else after
        for layer in layers if forward else reversed(layers):
            wished = [_mean([height[n] for n in neighbours[item]], height[item]) for item in layer]
            weights = [LANE_WEIGHT if isinstance(item, Lane) else 1.0 for item in layer]
            height.update(zip(layer, _separated(wished, weights, list(map(size, layer))), strict=True))
    top = min(height[item] - size(item) / 2 for item in height)
    return {item: y - top for item, y in height.items()}


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _separated(wished: Sequence[float], weights: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """The heights nearest to the wished ones that keep the order and the minimum distances.

    This is weighted least squares under y_{i+1} - y_i >= (s_i + s_{i+1}) / 2. After subtraction of the distances, it is
    isotonic regression, which pooling of adjacent violators solves (Ayer et al., 1955).
    """
    offsets, total = [], 0.0
    for i, size in enumerate(sizes):
        total += (size + sizes[i - 1]) / 2 if i else 0.0
        offsets.append(total)
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for wish, weight, offset in zip(wished, weights, offsets, strict=True):
        mean, count = wish - offset, 1
        while pools and pools[-1][0] > mean:
            other, other_weight, other_count = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + other_count
        pools.append((mean, weight, count))
    spread = [mean for mean, _, count in pools for _ in range(count)]
    return [y + offset for y, offset in zip(spread, offsets, strict=True)]
