"""Every rule that has a counterpart in torch or optax against it: 60 runs of 1,000 steps at the default, and of 200 at
other options, each variant on and off. With `make test-all` all runs have 1,000 steps.

For rules of the lab this takes the place of the check `matches_reference`, which does the same at the default, and 50
steps at other options.
"""

from __future__ import annotations

import itertools

import pytest

from optlab.plugins import registry
from optlab.testing import references
from tests.cases import every, first_cases

RULES = registry.load(()).optimizers
BETAS = {"beta1": 0.8, "beta2": 0.95}


def of(torch, optax, *options):
    """The same options for the rule and its counterpart."""
    return {torch: options, optax: options}


OTHER = {
    "gd": {"torch:SGD": [{"lr": 0.1}], "optax:sgd": [{"lr": 0.1}]},
    "momentum": of("torch:SGD", "optax:sgd", {"lr": 0.05, "beta": 0.5}, {"lr": 0.01, "beta": 0.8, "lr_inside": True}),
    "nesterov": of("torch:SGD", "optax:sgd", {"lr": 0.05, "beta": 0.5}, {"lr": 0.01, "beta": 0.8, "lr_inside": True}),
    "sgd": {
        "torch:SGD": [
            {"lr": 0.01, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1},
            {"lr": 0.01, "momentum": 0.8, "weight_decay": 0.1, "nesterov": True},
            {"lr": 0.01, "dampening": 0.3},
            {"lr": 0.01, "weight_decay": 0.1},
            {"lr": 0.01, "nesterov": True},
        ]
    },
    "adagrad": {
        "torch:Adagrad": [
            {"lr": 0.3, "lr_decay": 0.01, "eps": 0.1, "initial": 0.5},
            {"lr": 0.3, "lr_decay": 0.01},
            {"lr": 0.3, "initial": 0.5},
        ],
        "optax:adagrad": [{"lr": 0.3, "eps": 0.1, "initial": 0.5}],
    },
    "rmsprop": {
        "torch:RMSprop": [
            {"lr": 0.03, "alpha": 0.9, "eps": 0.1},
            {"lr": 0.003, "momentum": 0.8},
            {"lr": 0.003, "momentum": 0.8, "lr_outside": True},
            {"lr": 0.003, "alpha": 0.95, "centered": True, "momentum": 0.5},
            {"lr": 0.003, "alpha": 0.95, "centered": True},
        ],
        "optax:rmsprop": [
            {"lr": 0.03, "alpha": 0.9, "eps": 0.1, "eps_inside": True},
            {"lr": 0.003, "momentum": 0.8, "eps_inside": True},
            {"lr": 0.003, "alpha": 0.95, "centered": True, "momentum": 0.5, "eps_inside": True},
            {"lr": 0.003, "alpha": 0.95, "centered": True},
            {"lr": 0.003, "momentum": 0.8},
            {"lr": 0.003, "alpha": 0.95, "centered": True, "momentum": 0.5},
        ],
    },
    "adadelta": of("torch:Adadelta", "optax:adadelta", {"lr": 0.3, "rho": 0.8, "eps": 1e-3}),
    "adam": of("torch:Adam", "optax:adam", {"lr": 0.03, "eps": 0.1}, {"lr": 0.03, **BETAS}),
    "amsgrad": of("torch:Adam", "optax:amsgrad", {"lr": 0.03, "eps": 0.1}, {"lr": 0.03, **BETAS}),
    "nadam": {
        "torch:NAdam": [{"lr": 0.03, "eps": 0.1, "psi": 0.1}, {"lr": 0.03, "psi": 0.0, **BETAS}],
        "optax:nadam": [{"lr": 0.03, "eps": 0.1}, {"lr": 0.03, **BETAS}],
    },
    "adamw": of("torch:AdamW", "optax:adamw", {"lr": 0.03, "eps": 0.1, "weight_decay": 0.5}, {"lr": 0.03, **BETAS}),
    "adamax": of("torch:Adamax", "optax:adamax", {"lr": 0.03, "eps": 0.1}, {"lr": 0.03, **BETAS}),
    "radam": of("torch:RAdam", "optax:radam", {"lr": 0.03, "eps": 0.1}, {"lr": 0.03, **BETAS}),
    "lion": {"optax:lion": [{"lr": 0.01, "weight_decay": 0.3}, {"lr": 0.01, **BETAS}]},
    "rprop": {"torch:Rprop": [{"lr": 0.1, "shrink": 0.6, "grow": 1.1, "smallest": 1e-3, "largest": 0.2}]},
    "signsgd": {"optax:sign_sgd": [{"lr": 0.02}]},
    "adabelief": {"optax:adabelief": [{"lr": 0.03, "eps": 1e-3}, {"lr": 0.03, **BETAS}]},
    "yogi": {"optax:yogi": [{"lr": 0.03, "eps": 0.1}, {"lr": 0.03, **BETAS}]},
    "adan": {
        "optax:adan": [{"lr": 0.03, "eps": 0.1, "weight_decay": 0.3}, {"lr": 0.03, "beta3": 0.9, **BETAS}],
    },
}
PAIRS = [(name, reference) for name, rows in OTHER.items() for reference in rows]
OPTIONS = [(*pair, n) for pair in PAIRS for n in range(len(OTHER[pair[0]][pair[1]]))]


@pytest.mark.parametrize(("name", "reference"), every(3, PAIRS))
def test_trajectories_equal_those_of_the_counterpart_at_the_default(name, reference):
    assert references.compare(RULES[name], reference, {}) <= references.TOLERANCE


@pytest.mark.parametrize("steps", first_cases(1, [200, 1000]))
@pytest.mark.parametrize(("name", "reference", "n"), every(2, OPTIONS))
def test_trajectories_equal_those_of_the_counterpart_at_other_options(name, reference, n, steps):
    options = OTHER[name][reference][n]
    assert references.compare(RULES[name], reference, options, steps=steps) <= references.TOLERANCE


def test_every_reference_and_option_is_compared():
    """An option that keeps its default here exists in no counterpart; test_rules checks it by hand."""
    assert OTHER.keys() == {name for name, rule in RULES.items() if rule.references}
    by_hand = {"adam": {"raw_eps"}, "adamax": {"eps_outside"}, "yogi": {"initial"}}
    for name, rows in OTHER.items():
        rule = RULES[name]
        assert rows.keys() == rule.references.keys()
        defaults = rule.signature.options
        settled = [mapping.get("where", {}) for mapping in rule.references.values()]
        tried = {
            key
            for options in [*settled, *itertools.chain(*rows.values())]
            for key in options
            if options[key] != defaults[key]
        }
        assert defaults.keys() - tried == by_hand.get(name, set())


def branch(rule, reference, options):
    """The variants that are chosen, and which of the numbers that are 0 by default are not 0."""
    settled, _ = references.arguments_of(rule, reference, options)
    off = {name for name, value in rule.signature.numbers.items() if value == 0}
    chosen = {name: settled[name] for name in rule.signature.choices}
    return chosen, {name for name in off if settled[name] != 0}


@pytest.mark.parametrize(("name", "reference"), PAIRS)
def test_comparisons_of_the_conformance_suite_are_included(name, reference):
    """Each option that it sets has another value here too, and each branch of the formula that it takes is taken."""
    rule = RULES[name]
    rows = OTHER[name][reference]
    taken = [branch(rule, reference, options) for options in [{}, *rows]]
    settled = [references.arguments_of(rule, reference, options)[0] for options in rows]
    for options in references.variants(rule, reference):
        assert branch(rule, reference, options) in taken
        assert any(all(row[key] != rule.signature.options[key] for key in options) for row in settled), options


TWINS = [
    ("aggmo", {"k": 1, "lr": 0.05}, "torch:SGD", {"lr": "lr"}),
    ("aggmo", {"a": 1.0, "k": 4, "lr": 0.05}, "torch:SGD", {"lr": "lr"}),
    ("qhm", {"nu": 0.0, "lr": 0.05}, "torch:SGD", {"lr": "lr"}),
    # of Nesterov's form, with a learning rate of 0.05 (1 - 0.8)
    ("qhm", {"nu": 0.8, "beta": 0.8, "lr": 0.05}, "torch:SGD", {"lr": 0.01, "momentum": 0.8, "nesterov": True}),
    ("adan", {"beta2": 0.0}, "torch:Adam", {"lr": "lr", "betas": ("beta1", "beta3"), "eps": "eps"}),
    ("adamw", {"weight_decay": 0.0}, "torch:Adam", {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps"}),
]


@pytest.mark.parametrize(("name", "options", "reference", "mapping"), every(2, TWINS))
def test_a_rule_that_equals_another_for_some_options(name, options, reference, mapping):
    assert references.compare(RULES[name], reference, options, mapping=mapping) <= references.TOLERANCE
