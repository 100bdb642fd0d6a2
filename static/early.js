// Runs before first paint, long before the modules have come over a slow network: shows what is
// drawn meanwhile as plain lines, and keeps all that is done at the sheet for the editor.
(() => {
  const MOST_EVENTS = 20_000; // minutes of drawing
  const PAUSE_MS = 2_000; // before scripts that failed to come are asked for again
  const events = [];
  const positions = new Map(); // of each pointer that is down
  let files = []; // the latest that were dropped or pasted
  const listening = new AbortController();

  const on = (types, listener) => {
    const options = { capture: true, passive: false, signal: listening.signal };
    for (const type of types) document.addEventListener(type, listener, options);
  };
  on(["pointerdown", "pointermove", "pointerup", "pointercancel"], (event) => {
    const isMove = event.type === "pointermove";
    if (event.target.id !== "pad") return;
    if (isMove && !(positions.has(event.pointerId) && events.length < MOST_EVENTS)) return;
    events.push(event); // the end of a stroke in any case
    if (event.type === "pointerdown") begin(event);
    else if (isMove) line(event);
    else positions.delete(event.pointerId);
  });
  on(["dragover"], (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  on(["drop", "paste"], (event) => {
    const data = event.dataTransfer ?? event.clipboardData;
    if (!data?.files.length) return;
    files = [...data.files];
    if (event.type === "drop") event.preventDefault(); // else the browser leaves the page for them
  });

  on(["error"], ({ target }) => {
    if (target.type !== "module") return;
    const again = document.createElement("script");
    again.type = "module";
    again.src = `${target.src.split("?")[0]}?${performance.now()}`; // a failure would be remembered
    setTimeout(() => target.replaceWith(again), PAUSE_MS);
  });

  function begin(event) {
    if (event.button !== 0 && !isEraser(event)) return;
    event.preventDefault();
    const pad = event.target;
    pad.classList.remove("blank");
    pad.setPointerCapture(event.pointerId);
    const side = Math.round(pad.clientWidth * devicePixelRatio);
    if (pad.width !== side) pad.width = pad.height = side;
    positions.set(event.pointerId, event);
  }

  function line(event) {
    const last = positions.get(event.pointerId);
    positions.set(event.pointerId, event);
    if (isEraser(event)) return; // nothing is there to erase but what these lines stand for
    const pad = event.target;
    const bounds = pad.getBoundingClientRect();
    const scale = pad.width / bounds.width;
    const context = pad.getContext("2d");
    context.strokeStyle = getComputedStyle(pad).color;
    context.lineCap = "round";
    context.lineWidth = (document.getElementById("pen").value / 1000) * pad.width;
    context.beginPath();
    for (const { clientX, clientY } of [last, event]) {
      context.lineTo((clientX - bounds.left) * scale, (clientY - bounds.top) * scale);
    }
    context.stroke();
  }

  function isEraser({ buttons }) {
    return Boolean(buttons & 32); // the other end of a pen
  }

  /** Hand over {events, files}, once; from then on nothing is kept. */
  window.takeEarly = () => {
    listening.abort();
    return { events: events.splice(0), files };
  };
})();
