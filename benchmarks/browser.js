// The same work in a page, for browser.py: `prepare` makes the contenders, and `go` runs one of them.

const { load } = modules["kernels/kernel.js"];

/** Adam on Rosenbrock's function by hand, one run after the other; the loss of every step is recorded. */
function byHand({ x0, rates, steps }) {
  const [a, b, beta1, beta2, eps] = [1, 100, 0.9, 0.999, 1e-8];
  const runs = rates.length;
  const loss = new Float64Array((steps + 1) * runs);
  for (let run = 0; run < runs; run++) {
    let [x, y] = x0[run];
    let [mx, my, vx, vy, p1, p2, best] = [0, 0, 0, 0, 1, 1, Infinity];
    for (let t = 0; t <= steps; t++) {
      const u = a - x;
      const w = y - x * x;
      const f = u * u + b * w * w;
      loss[t * runs + run] = f;
      if (!Number.isFinite(f)) break;
      if (f < best) best = f;
      const gx = -2 * u - 4 * b * x * w;
      const gy = 2 * b * w;
      p1 *= beta1;
      p2 *= beta2;
      mx = beta1 * mx + (1 - beta1) * gx;
      my = beta1 * my + (1 - beta1) * gy;
      vx = beta2 * vx + (1 - beta2) * gx * gx;
      vy = beta2 * vy + (1 - beta2) * gy * gy;
      x -= (rates[run] * (mx / (1 - p1))) / (Math.sqrt(vx / (1 - p2)) + eps);
      y -= (rates[run] * (my / (1 - p1))) / (Math.sqrt(vy / (1 - p2)) + eps);
    }
  }
  return loss;
}

const contenders = {};

window.prepare = async (given) => {
  contenders["JavaScript by hand"] = () => byHand(given);
  for (const [name, program] of Object.entries(given.programs)) {
    const kernel = await load(program);
    const task = { x0: given.x0, numbers: given.numbers, steps: given.steps };
    contenders[name] = () => kernel.run(task).loss;
  }
  return Object.keys(contenders);
};

/** Do the work several times. Returns the losses at the end. */
window.go = ([name, calls, runs]) => {
  let loss;
  for (let call = 0; call < calls; call++) loss = contenders[name]();
  return Array.from(loss.slice(-runs));
};
