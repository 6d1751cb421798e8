"""The tables: the implementation, for traced values, of each NumPy function and each array method.

There is one row per function, by theme; the implementations are in the other files of this package. Arguments have
NumPy's names and order. Arguments after one that is not supported must be passed by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from optlab.engine.functions import entrywise, indexing, linalg, products, reducing, repeating, shapes
from optlab.engine.functions.base import apply
from optlab.engine.functions.einsum import einsum

Table = Mapping[Callable[..., Any], Callable[..., Any]]

THEMES: Mapping[str, Table] = {
    "Elementwise": {
        np.where: entrywise.where,
        np.select: indexing.select,
        np.clip: entrywise.clip,
        np.round: entrywise.round_,
        np.around: entrywise.round_,
        np.fix: lambda x: apply("trunc", x),
        np.sinc: entrywise.sinc,
        np.polyval: entrywise.polyval,
        np.astype: entrywise.astype,
    },
    "Reductions": {
        np.sum: reducing.sum_,
        np.prod: reducing.prod,
        np.max: reducing.max_,
        np.min: reducing.min_,
        np.amax: reducing.max_,
        np.amin: reducing.min_,
        np.ptp: reducing.ptp,
        np.mean: reducing.mean,
        np.average: reducing.average,
        np.median: reducing.median,
        np.var: reducing.var,
        np.std: reducing.std,
        np.any: reducing.any_,
        np.all: reducing.all_,
    },
    "Along an axis": {
        np.cumsum: reducing.cumsum,
        np.cumprod: reducing.cumprod,
        np.diff: reducing.diff,
    },
    "Products": {
        np.dot: products.dot,
        np.vdot: products.vdot,
        np.inner: products.inner,
        np.outer: products.outer,
        np.tensordot: products.tensordot,
        np.einsum: einsum,
    },
    "Linear algebra": {
        np.linalg.norm: linalg.norm,
        np.linalg.solve: linalg.solve,
        np.linalg.inv: linalg.inv,
        np.linalg.det: linalg.det,
        np.linalg.cholesky: linalg.cholesky,
        np.trace: indexing.trace,
        np.diagonal: indexing.diagonal,
        np.diag: indexing.diag,
        np.tril: indexing.tril,
        np.triu: indexing.triu,
    },
    "Shapes": {
        np.reshape: shapes.reshape,
        np.ravel: shapes.ravel,
        np.squeeze: shapes.squeeze,
        np.expand_dims: shapes.expand_dims,
        np.atleast_1d: shapes.atleast_1d,
        np.atleast_2d: shapes.atleast_2d,
        np.transpose: shapes.transpose,
        np.matrix_transpose: shapes.matrix_transpose,
        np.swapaxes: shapes.swapaxes,
        np.moveaxis: shapes.moveaxis,
        np.broadcast_to: shapes.broadcast_to,
    },
    "Joining and splitting": {
        np.concatenate: shapes.concatenate,
        np.append: shapes.append,
        np.stack: shapes.stack,
        np.hstack: shapes.hstack,
        np.vstack: shapes.vstack,
        np.column_stack: shapes.column_stack,
        np.split: shapes.split,
        np.array_split: shapes.array_split,
    },
    "Reversing, repeating, padding": {
        np.flip: repeating.flip,
        np.roll: repeating.roll,
        np.repeat: repeating.repeat,
        np.tile: repeating.tile,
        np.pad: repeating.pad,
    },
    "Selecting and sorting": {
        np.take: indexing.take,
        np.take_along_axis: indexing.take_along_axis,
        np.compress: indexing.compress,
        np.sort: indexing.sort,
        np.argsort: indexing.argsort,
        np.argmax: indexing.argmax,
        np.argmin: indexing.argmin,
    },
    "Depending on the shape only": {
        np.zeros_like: entrywise.zeros_like,
        np.ones_like: entrywise.ones_like,
        np.full_like: entrywise.full_like,
        np.copy: lambda a: a,
        np.shape: lambda a: a.shape,
        np.ndim: lambda a: a.ndim,
        np.size: entrywise.size,
    },
}

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    f: row for rows in THEMES.values() for f, row in rows.items()
}
"""The rows of all themes."""

METHODS: dict[str, Callable[..., Any]] = {
    "sum": reducing.sum_,
    "prod": reducing.prod,
    "max": reducing.max_,
    "min": reducing.min_,
    "mean": reducing.mean,
    "var": reducing.var,
    "std": reducing.std,
    "any": reducing.any_,
    "all": reducing.all_,
    "cumsum": reducing.cumsum,
    "cumprod": reducing.cumprod,
    "dot": products.dot,
    "trace": indexing.trace,
    "diagonal": indexing.diagonal,
    "clip": lambda a, min=None, max=None: entrywise.clip(a, min, max),
    "round": entrywise.round_,
    "reshape": lambda a, *shape: shapes.reshape(a, shape[0] if len(shape) == 1 else shape),
    "transpose": lambda a, *axes: shapes.transpose(a, (axes[0] if len(axes) == 1 else axes) or None),
    "swapaxes": shapes.swapaxes,
    "ravel": shapes.ravel,
    "flatten": shapes.ravel,
    "squeeze": shapes.squeeze,
    "repeat": repeating.repeat,
    "take": indexing.take,
    "compress": lambda a, condition, axis=None: indexing.compress(condition, a, axis),
    "argsort": indexing.argsort,
    "argmax": indexing.argmax,
    "argmin": indexing.argmin,
    "astype": entrywise.astype,
    "copy": lambda a: a,
}

INSTEAD: Mapping[str, str] = {
    "np.apply_along_axis": "write the function for all rows at once",
    "np.block": "use np.concatenate",
    "np.cross": "write out the components, with np.stack",
    "np.cumulative_sum": "use np.cumsum",
    "np.cumulative_prod": "use np.cumprod",
    "np.dstack": "use np.concatenate, or np.stack with axis=2",
    "np.fliplr": "use np.flip with axis=1",
    "np.flipud": "use np.flip with axis=0",
    "np.kron": "use np.einsum and np.reshape",
    "np.linalg.lstsq": "use np.linalg.solve(a.T @ a, a.T @ b)",
    "np.linalg.matrix_power": "use @, several times",
    "np.linalg.multi_dot": "use @",
    "np.linalg.slogdet": "use np.log of np.linalg.det, or np.linalg.cholesky",
    "np.percentile": "use np.sort, or np.median",
    "np.quantile": "use np.sort, or np.median",
    "np.rollaxis": "use np.moveaxis",
    "np.searchsorted": "use np.sum(sorted < x)",
    "np.vectorize": "write the function for whole arrays",
    "np.add.accumulate": "use np.cumsum",
    "np.multiply.accumulate": "use np.cumprod",
}
"""What to write instead of functions that are not supported."""

IN_PLACE: Mapping[str, str] = {
    "sort": "np.sort(x)",
    "partition": "np.sort(x)",
    "fill": "np.full_like(x, value)",
    "put": "np.where(condition, a, b)",
    "itemset": "np.where(condition, a, b)",
    "resize": "np.reshape(x, shape)",
    "setfield": "np.where(condition, a, b)",
}
"""Methods that write into their array, and the code that returns a new array instead."""
