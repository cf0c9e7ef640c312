// What several components share: the life cycle, elements, packed arrays, the theme, the size of a canvas.

// Makes a component's default export. Streamlit calls it at every change of data or theme, and calls the function that
// it returned when the component is removed. It also cleans up an older call as soon as a newer one has come, which
// must not end the newer one. `begin(root, component)` makes the state for the element that matches `selector`,
// `update(state, component)` applies the newest data, and `end(state)` releases what would outlive the elements.
export function lifecycle(selector, { begin, update, end }) {
  const states = new WeakMap();
  return (component) => {
    const host = component.parentElement;
    const root = host.querySelector(selector);
    let state = states.get(host);
    if (state && state.root !== root) {
      end(state);
      state = null;
    }
    if (!state) {
      state = Object.assign(begin(root, component), { root, calls: 0 });
      states.set(host, state);
    }
    update(state, component);
    state.calls += 1;
    const call = state.calls;
    return () => {
      if (states.get(host) !== state || state.calls !== call) return;
      states.delete(host);
      end(state);
    };
  };
}

// An element with its properties and children. Names with a hyphen (`data-…`, `aria-…`) are set as attributes.
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

// The first element inside `root` of each of these classes, by class.
export function parts(root, ...classes) {
  return Object.fromEntries(classes.map((name) => [name, root.querySelector(`.${name}`)]));
}

// An array that Python packed as base64 (pages/components/base.py): little-endian, of type `Kind`.
export function unpack(text, Kind) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

// The colours and the font of Streamlit's theme at `root`.
export function readTheme(root) {
  const style = getComputedStyle(root);
  const value = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  return {
    ink: value("--st-text-color", "#1b2430"),
    paper: value("--st-background-color", "#ffffff"),
    line: value("--st-border-color", "#dce2e8"),
    accent: value("--st-primary-color", "#0072b2"),
    font: value("--st-font", "sans-serif"),
  };
}

// Whether the visitor has set their system to reduce motion.
export const prefersCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const pixelRatio = () => window.devicePixelRatio || 1;

// Give a canvas of `width` by `height` CSS pixels the screen's resolution; returns the screen's pixels per CSS pixel.
export function fitCanvas(canvas, width, height) {
  const ratio = pixelRatio();
  const size = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  return ratio;
}

// The position of the pointer, in CSS pixels from the top left corner of `target`.
export function pointerIn(target, event) {
  const box = target.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

// An address of this server as CSS. It is made absolute, because the module itself has no address to resolve it by.
export const cssUrl = (address) => `url("${new URL(address, document.baseURI)}")`;

// Offer `blob` as a download.
export function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
