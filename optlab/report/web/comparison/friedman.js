/** The tests of Friedman and Nemenyi, as in `optlab/results/analysis/over_cases.py`. */

const LEVEL = 0.05;
/** The coefficients of Lanczos for the logarithm of the gamma function, with g = 7. */
const LANCZOS = [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
                 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7]; // prettier-ignore

/**
 * @param {ArrayLike<number>[]} ranks by case and label; equal labels share the mean of their places
 * @returns {{ p: number, apart: number }} the p-value of Iman & Davenport, and the critical difference of Nemenyi
 */
export function friedmanTest(ranks) {
  const [cases, k] = [ranks.length, ranks[0].length];
  const means = Array.from({ length: k }, (_, label) => ranks.reduce((sum, row) => sum + row[label], 0) / cases);
  const chi2 = ((12 * cases) / (k * (k + 1))) * means.reduce((sum, mean) => sum + (mean - (k + 1) / 2) ** 2, 0);
  const rest = cases * (k - 1) - chi2;
  const f = ((cases - 1) * chi2) / rest;
  const tail = rest > 1e-9 * cases ? incompleteBeta((cases - 1) / (cases - 1 + f), ((k - 1) * (cases - 1)) / 2, (k - 1) / 2) : 0;
  const orders = Array.from({ length: Math.min(k, 20) }, (_, i) => i + 1).reduce((a, b) => a * b);
  const apart = (studentizedRange(k) / Math.SQRT2) * Math.sqrt((k * (k + 1)) / (6 * cases));
  return { p: Math.max(Number(tail.toPrecision(12)), orders ** (1 - cases)), apart }; // without rounding errors
}

/** The regularized incomplete beta function, by its continued fraction. */
function incompleteBeta(/** @type {number} */ x, /** @type {number} */ a, /** @type {number} */ b) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const bounded = (/** @type {number} */ value) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
  let [c, d] = [1, 1 / bounded(1 - ((a + b) * x) / (a + 1))];
  let fraction = d;
  for (let m = 1; m < 1000; m++) {
    const before = fraction;
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const term of [even, odd]) {
      d = 1 / bounded(1 + term * d);
      c = bounded(1 + term / c);
      fraction *= c * d;
    }
    if (Math.abs(fraction - before) < 1e-14 * fraction) break;
  }
  return front * fraction;
}

function logGamma(/** @type {number} */ x) {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const base = x + 6.5;
  const sum = LANCZOS.reduce((total, coefficient, i) => total + (i ? coefficient / (x - 1 + i) : coefficient), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}

/** @type {Map<number, number>} */
const known = new Map();

/** The 95 % quantile of the range of k standard normal variables. @param {number} k */
function studentizedRange(k) {
  if (!known.has(k)) known.set(k, quantileOfRange(k));
  return known.get(k);
}

/** P(range <= q) = k * integral of phi(z) (Phi(z) - Phi(z - q))^(k - 1) dz, by the trapezoidal rule. */
function quantileOfRange(/** @type {number} */ k) {
  const step = 0.02;
  const z = Array.from({ length: 901 }, (_, i) => i * step - 9);
  const density = z.map((at) => Math.exp(-(at ** 2) / 2) / Math.sqrt(2 * Math.PI));
  const below = z.map(normal);
  const covered = (/** @type {number} */ q) => k * step * z.reduce((sum, at, i) => sum + density[i] * (below[i] - normal(at - q)) ** (k - 1), 0);
  let [low, high] = [0, 18];
  for (let i = 0; i < 40; i++) {
    const q = (low + high) / 2;
    if (covered(q) < 1 - LEVEL) low = q;
    else high = q;
  }
  return high;
}

/** The distribution function of the standard normal distribution, to 1e-7: a Chebyshev fit of erfc (Press et al., "Numerical recipes"). */
function normal(/** @type {number} */ x) {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + z / 2);
  const terms = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  const erfc = t * Math.exp(-z * z + terms.reduceRight((sum, term) => sum * t + term, 0));
  return x > 0 ? 1 - erfc / 2 : erfc / 2;
}
