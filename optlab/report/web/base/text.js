/** Texts on canvases have the size of the reader's texts, and what is between them grows with it. */

const USUAL = 16; // pixels: the size of texts in a browser without other settings

/** How large the reader's texts are, as a multiple of the usual size. */
export function textScale() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / USUAL;
}

/** The font of a canvas. @param {number} pixels at the usual size of texts @param {number} scale see `textScale` @param {number} weight */
export function fontOf(pixels, scale, weight = 400) {
  return `${weight} ${pixels * scale}px system-ui, sans-serif`;
}

/** Set the text of an element that holds only a text. Its node stays, which takes the browser less work. @param {Element} element @param {string} text */
export function setText(element, text) {
  const node = /** @type {Text | null} */ (element.firstChild);
  if (!node) element.textContent = text;
  else if (node.data !== text) node.data = text;
}

const widths = new Map();

/** The width of a text on a canvas. Measuring takes long: widths are kept. @param {CanvasRenderingContext2D} context @param {string} text */
export function widthOf(context, text) {
  const key = `${context.font}\n${text}`;
  if (!widths.has(key)) widths.set(key, context.measureText(text).width);
  return widths.get(key);
}

/** Margins of a canvas that hold texts. @template {Record<string, number>} T @param {T} margins at the usual size @param {number} scale @returns {T} */
export function scaled(margins, scale) {
  return /** @type {T} */ (Object.fromEntries(Object.entries(margins).map(([side, size]) => [side, size * scale])));
}

/** Call `update` when a box has another size, and when texts have. @param {Element} box @param {() => void} update */
export function onResize(box, update) {
  const observer = new ResizeObserver(update);
  observer.observe(box);
  observer.observe(document.querySelector("h1")); // its height is that of its text
}
