"""A row of the table: how many faults of a kind were injected, and what followed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Row:
    """`outcomes` counts what was found after each fault; `violations` describes what must not be."""

    fault: str
    outcomes: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1

    @property
    def injected(self) -> int:
        return sum(self.outcomes.values()) + len(self.violations)

    def __str__(self) -> str:
        found = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return f"| {self.fault} | {self.injected} | {found} | {len(self.violations)} |"
