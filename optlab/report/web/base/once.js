/** Values that are computed once for each object. */

/**
 * A function whose values are kept as long as the objects that it was called with. The objects must not change.
 * @template {object} Given @template Value @param {(given: Given) => Value} compute @returns {(given: Given) => Value}
 */
export function once(compute) {
  /** @type {WeakMap<Given, Value>} */
  const known = new WeakMap();
  return (given) => {
    if (!known.has(given)) known.set(given, compute(given));
    return known.get(given);
  };
}
