/** Which program of a rule has which of its schedule and transforms. */

/**
 * The program after a part was switched: the one with the wanted parts, or the nearest one that has this part as wanted.
 * @param {{ parts: string[] }[]} variants the first one has all parts
 * @param {string[]} wanted @param {string} switched
 * @returns {{ place: number, isWanted: boolean } | null} null if no program has this part as wanted
 */
export function variantFor(variants, wanted, switched) {
  let found = null;
  let least = Infinity;
  variants.forEach(({ parts }, place) => {
    if (parts.includes(switched) !== wanted.includes(switched)) return;
    const other = variants[0].parts.filter((part) => parts.includes(part) !== wanted.includes(part)).length;
    if (other < least) [found, least] = [{ place, isWanted: other === 0 }, other];
  });
  return found;
}
