// What the sliders and the plane share: one question to Python on its way at a time, and the newest one asked next.

const GIVE_UP = 4000; // ms: an answer that takes longer is not waited for, the next move asks again
const REMEMBERED = 40; // answer times of which the median is kept

export const questions = () => ({ key: null, seq: 0, asked: 0, pending: false, times: [] });

// Ask for `offsets(state)`; while a question is on its way, remember that there is a newer one.
export function ask(state) {
  if (state.asked && performance.now() - state.asked < GIVE_UP) {
    state.pending = true;
    return;
  }
  state.pending = false;
  state.asked = performance.now();
  state.seq += 1;
  state.send("move", { key: state.key, seq: state.seq, offsets: state.offsets() });
}

// Take note of what Python sent: is it the answer to the question on its way? Then a waiting one goes out.
export function answered(state, data) {
  if (!state.asked || data.seq < state.seq) return;
  state.times.push(performance.now() - state.asked);
  if (state.times.length > REMEMBERED) state.times.shift();
  const sorted = [...state.times].sort((a, b) => a - b);
  state.root.dataset.answers = String(Number(state.root.dataset.answers || 0) + 1);
  state.root.dataset.median = sorted[Math.floor(sorted.length / 2)].toFixed(1);
  state.asked = 0;
  if (state.pending) ask(state);
}

// Standard deviations as text: "+1.5 σ".
export function deviations(value) {
  const sign = value > 0 ? "+" : value < 0 ? "−" : "";
  return `${sign}${Math.abs(value).toFixed(1)} σ`;
}
