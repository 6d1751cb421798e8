/** Compressed arrays of whole numbers from the texts that `deflated` in `packing.py` writes. */

const TYPES = { u1: Uint8Array, u2: Uint16Array, i2: Int16Array, i4: Int32Array };

/** @param {{ kind: "u1" | "u2" | "i2" | "i4", deflate: string }} text @returns {Promise<Uint8Array | Uint16Array | Int16Array | Int32Array>} */
export async function inflated({ kind, deflate }) {
  if (!("DecompressionStream" in globalThis)) throw new Error("This browser cannot unpack compressed data (it has no DecompressionStream).");
  const bytes = Uint8Array.from(atob(deflate), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new TYPES[kind](await new Response(stream).arrayBuffer());
}
