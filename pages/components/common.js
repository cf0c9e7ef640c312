// What several components do: live on the page, make elements, unpack arrays, follow the theme, size a canvas.

// A component's default export. Streamlit calls it with every change of data or theme and calls what it returned when
// the component leaves; a call that a newer one overtook is cleaned up at once, and that must not end the newer one.
// `begin(root, component)` makes the state for the element that `selector` names, `update(state, component)` brings it
// up to date, `end(state)` lets go of all that would outlive the page's elements.
export function lifecycle(selector, { begin, update, end }) {
  const states = new WeakMap();
  return (component) => {
    const place = component.parentElement;
    const root = place.querySelector(selector);
    let state = states.get(place);
    if (state && state.root !== root) {
      end(state);
      state = null;
    }
    if (!state) {
      state = Object.assign(begin(root, component), { root, calls: 0 });
      states.set(place, state);
    }
    update(state, component);
    state.calls += 1;
    const call = state.calls;
    return () => {
      if (states.get(place) !== state || state.calls !== call) return;
      states.delete(place);
      end(state);
    };
  };
}

// An element with its properties and children; `data-…` and `aria-…` are attributes, all else is a property.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

// The children of `root` with these classes, by class.
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

// The colours and the font of Streamlit's theme where `root` stands.
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

// Whether the visitor asked their system for less motion.
export const prefersCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const pixelRatio = () => window.devicePixelRatio || 1;

// Give a canvas of `width` by `height` CSS pixels one pixel for each of the screen's; returns how many that is.
export function fitCanvas(canvas, width, height) {
  const ratio = pixelRatio();
  const wide = Math.round(width * ratio);
  const high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  return ratio;
}

// Where the pointer is, in CSS pixels from the corner of `target`.
export function pointerIn(target, event) {
  const box = target.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

// An address of this server as CSS: a module that came as text has no address of its own to count from.
export const cssUrl = (address) => `url("${new URL(address, document.baseURI)}")`;

// Offer `blob` as a download.
export function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
