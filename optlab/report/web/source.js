/**
 * Where paths come from: `run({ problem, optimizer, x0, steps, hyperparameters })`, and `programs()`, what it can run.
 * Recorded results can give back only what was computed; a source that computes has the same functions.
 */

/** @param {any} document_ @param {(index: number) => any} openCase */
export function recorded(document_, openCase) {
  return {
    /** Each problem and optimizer with a recorded path. */
    programs() {
      return document_.cases.flatMap((one) =>
        (one.valley?.paths ?? []).map((path) => ({
          problem: one.title,
          optimizer: document_.labels[path.label].name,
          settings: one.ranking.find((row) => row.label === path.label)?.settings ?? "",
          live: false,
        })),
      );
    },
    /**
     * The recorded path of an optimizer on a problem.
     * @param {{ problem: string, optimizer: string, x0?: number[], steps?: number, hyperparameters?: Record<string, number> }} wanted
     */
    async run(wanted) {
      if (wanted.x0 || wanted.hyperparameters) throw new Error("this page has recorded paths only: leave out x0 and hyperparameters");
      const index = document_.cases.findIndex((one) => one.title === wanted.problem);
      if (index < 0) throw new Error(`there is no problem ${wanted.problem}; there are: ${document_.cases.map((one) => one.title).join(", ")}`);
      const paths = openCase(index).valley?.paths ?? [];
      const path = paths.find((one) => document_.labels[one.label].name === wanted.optimizer);
      if (!path) throw new Error(`there is no recorded path of ${wanted.optimizer} on ${wanted.problem}`);
      const count = Array.from(path.step).filter((step) => step <= (wanted.steps ?? Infinity)).length;
      const points = Array.from({ length: count }, (_, i) => [path.x[i], path.y[i]]);
      return { x: points.at(-1), loss: path.loss[count - 1], path: points, losses: Array.from(path.loss.slice(0, count)) };
    },
  };
}
