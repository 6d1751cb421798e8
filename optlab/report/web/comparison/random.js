/**
 * The random integers and permutations of NumPy's `default_rng(seed)`, so that resamples in the page are those of Python:
 * the generator PCG64 (O'Neill, 2014), and bounded integers after Lemire (2019).
 */

/** The first state and the increment of `default_rng(seed)`, 128 bits each. */
const SEEDS = [
  ["1aa1b5345996452d09585eb7a69561e3", "418ddadb3af71a82588133bc447873a9"],
  ["9c5b484bfedb756c2a6e7d6f320fbc7e", "922af2da2645f895a19857b95740937b"],
  ["692416b3311ec79c2a21eb1bc4f483cc", "5bae0a5743882ba5d1ad0f9f2cb8dbef"],
];
const FACTOR = digits("2360ed051fc65da44385df649fccf645");

/** A number of 128 bits as eight digits of 16 bits, the lowest first. @param {string} hex */
function digits(hex) {
  return Int32Array.from({ length: 8 }, (_, i) => parseInt(hex.slice(28 - 4 * i, 32 - 4 * i), 16));
}

/** The generator `numpy.random.default_rng(seed)`. @param {0 | 1 | 2} seed */
export function randomNumbers(seed) {
  const state = digits(SEEDS[seed][0]);
  const increment = digits(SEEDS[seed][1]);
  const next = new Int32Array(8);
  /** @type {number | null} the upper half of the last 64 bits, which comes next */
  let upper = null;

  /** state = FACTOR * state + increment, modulo 2**128. Sums of 32-bit products are kept in two parts. */
  function advance() {
    let carry = 0;
    for (let place = 0; place < 8; place++) {
      let low = (carry & 65535) + increment[place];
      let high = carry >>> 16;
      for (let i = 0; i <= place; i++) {
        const product = Math.imul(FACTOR[i], state[place - i]);
        low += product & 65535;
        high += product >>> 16;
      }
      next[place] = low & 65535;
      carry = high + (low >>> 16);
    }
    state.set(next);
  }

  /** 32 random bits: the lower half of the 64 bits of a step, then the upper one. */
  function bits() {
    if (upper !== null) {
      const kept = upper;
      upper = null;
      return kept;
    }
    advance();
    const word = (/** @type {number} */ i) => state[2 * i] | (state[2 * i + 1] << 16);
    const [low, high] = [word(0) ^ word(2), word(1) ^ word(3)];
    const turn = state[7] >>> 10; // the 64 bits are rotated to the right by so many
    const [a, b] = turn & 32 ? [high, low] : [low, high];
    const by = turn & 31;
    upper = (by ? (b >>> by) | (a << (32 - by)) : b) >>> 0;
    return (by ? (a >>> by) | (b << (32 - by)) : a) >>> 0;
  }

  /** A random integer from 0 to `count` - 1, by multiplication. @param {number} count at most 65536 */
  function below(count) {
    if (count === 1) return 0;
    for (;;) {
      const product = bits() * count; // exact below 2**53
      const rest = product % 4294967296;
      if (rest >= count || rest >= (4294967296 - count) % count) return Math.floor(product / 4294967296);
    }
  }

  /** A random integer from 0 to `most`, by rejection: permutations use this one. @param {number} most */
  function upTo(most) {
    const mask = 2 ** (32 - Math.clz32(most)) - 1;
    for (;;) {
      const value = bits() & mask;
      if (value <= most) return value;
    }
  }

  return {
    /** As `integers(count, size=length)`. @param {number} count @param {number} length */
    integers(count, length) {
      const found = new Uint16Array(length);
      for (let i = 0; i < length; i++) found[i] = below(count);
      return found;
    },
    /** Permute `length` values from `start` on, as one row of `permuted`. @param {Uint16Array} values */
    shuffle(values, start, length) {
      for (let i = length - 1; i > 0; i--) {
        const j = upTo(i);
        const kept = values[start + i];
        values[start + i] = values[start + j];
        values[start + j] = kept;
      }
    },
  };
}
