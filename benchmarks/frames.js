// In a page of a report, for frames.py: what a reader does, one frame at a time. Frames begin when they are called for,
// and surfaces are not drawn: a software renderer would take most of the time.
(() => {
  for (const name of ["drawElements", "drawArraysInstanced"]) WebGL2RenderingContext.prototype[name] = () => {};
  let asked = [];
  let now = performance.now();
  window.requestAnimationFrame = (call) => asked.push(call);
  const { port1, port2 } = new MessageChannel();
  // a task of its own: what follows an `await` is not counted as script
  const task = (work) => new Promise((done) => {
    port1.onmessage = () => {
      done();
      work();
    };
    port2.postMessage(0);
  }); // prettier-ignore
  const frame = () => task(() => {
    const calls = asked;
    asked = [];
    now += 1000 / 60;
    for (const call of calls) call(now);
    document.body.getBoundingClientRect(); // style and layout
  }); // prettier-ignore
  const get = (id) => document.getElementById(id);
  const change = (input, value, event) => {
    input.value = String(value);
    input.dispatchEvent(new Event(event, { bubbles: true }));
  };
  const point = (canvas, n) => {
    const box = canvas.getBoundingClientRect();
    const at = { clientX: box.x + 70 + ((7 * n) % 300), clientY: box.y + 20 + ((13 * n) % 150), bubbles: true };
    canvas.dispatchEvent(new PointerEvent("pointermove", at));
  };
  window.actions = {
    slider: (n) => change(document.querySelector("#live input[type=range]"), 0.3 + 0.002 * (n % 100), "input"),
    start: (n) => change(get("live-x0"), -1.2 + 0.002 * (n % 100), "change"),
    playing: (n) => change(get("scrub"), (7 * n) % 900, "input"),
    pointing: (n) => point(document.querySelector("#charts canvas"), n),
    basins: () => get("basins").click(),
    map: () => get("switch").click(),
  };
  const isBusy = () => get("stage").hasAttribute("aria-busy");
  /** Until the map is there; then without it. */
  const basins = async () => {
    if (!isBusy()) throw new Error("no basins are computed");
    while (isBusy()) await new Promise((done) => setTimeout(done, 5));
    await frame();
    await task(() => get("basins").click());
    await frame();
  };
  window.act = async (name, first, count) => {
    for (let n = first; n < first + count; n++) {
      await task(() => window.actions[name](n));
      for (let i = 0; i < 2; i++) await frame();
      if (name === "basins") await basins();
    }
  };
})();
