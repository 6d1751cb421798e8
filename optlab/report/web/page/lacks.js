/** A page in a browser that cannot run its programs: everything is shown as it was recorded, and the reason is said. */

const EMPTY_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

/** Why no program can run here; an empty text if they can. A browser, or the page that frames this one, may forbid it. */
function lack() {
  try {
    new WebAssembly.Module(EMPTY_MODULE);
    return "";
  } catch {
    return "This browser does not run WebAssembly.";
  }
}

/** The data of the page without the programs, if they cannot run here. @param {any} data */
export function fitted(data, reason = lack()) {
  if (!reason) return data;
  const cases = data.cases.map((one) => ({
    ...one,
    programs: one.programs.map(({ label }) => ({ label, reason })),
    boundary: null,
    network_notes: [...(one.network_notes ?? []), ...(one.boundary ? [`The decision boundary is left out. ${reason}`] : [])],
  }));
  const maps = data.maps && { ...data.maps, panels: data.maps.panels.map((one) => ({ ...one, program: null, reason })) };
  return { ...data, cases, ...(maps && { maps }) };
}
