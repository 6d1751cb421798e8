// The same work in V8, for browser.py: a line of JSON with the seconds of each contender and the losses it computed.

const fs = await import("node:fs");
const given = JSON.parse(fs.readFileSync(process.argv[2]));
const { load } = await import(given.kernel);

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

const contenders = { "JavaScript by hand": () => byHand(given) };
for (const [name, program] of Object.entries(given.programs)) {
  const kernel = await load(program);
  const task = { x0: given.x0, numbers: given.numbers, steps: given.steps };
  contenders[name] = () => kernel.run(task).loss;
}

const found = {};
for (const [name, go] of Object.entries(contenders)) {
  for (let call = 0; call < 3; call++) {
    go(); // V8 compiles what is called often, in another thread
    await new Promise((done) => setTimeout(done, 50));
  }
  const begin = process.cpuUsage();
  let loss = go();
  let calls = 1;
  while (process.cpuUsage(begin).user < given.turn * 1e6) {
    loss = go();
    calls++;
  }
  const { user, system } = process.cpuUsage(begin);
  found[name] = { seconds: (user + system) / 1e6 / calls, last: Array.from(loss.slice(-given.rates.length)) };
}
console.log(JSON.stringify(found));
