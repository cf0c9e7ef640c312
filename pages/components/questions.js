// What the sliders and the plane share: they send Python one question at a time, and then only the newest one.

const GIVE_UP = 4000; // ms to wait for an answer; after that the next move is sent anyway
const REMEMBERED = 40; // newest answer times, of which the median is shown

export const questions = () => ({ key: null, seq: 0, sentAt: 0, pending: false, times: [] });

// Send `offsets(state)`. While a question waits for its answer, only note that there is a newer one.
export function ask(state) {
  if (state.sentAt && performance.now() - state.sentAt < GIVE_UP) {
    state.pending = true;
    return;
  }
  state.pending = false;
  state.sentAt = performance.now();
  state.seq += 1;
  state.send("move", { key: state.key, seq: state.seq, offsets: state.offsets() });
}

// If `data` answers the question that was sent, record the time it took and send the newer question, if there is one.
export function answered(state, data) {
  if (!state.sentAt || data.seq < state.seq) return;
  state.times.push(performance.now() - state.sentAt);
  if (state.times.length > REMEMBERED) state.times.shift();
  const sorted = [...state.times].sort((a, b) => a - b);
  state.root.dataset.answers = String(Number(state.root.dataset.answers || 0) + 1);
  state.root.dataset.median = sorted[Math.floor(sorted.length / 2)].toFixed(1);
  state.sentAt = 0;
  if (state.pending) ask(state);
}

// Standard deviations as text: "+1.5 σ".
export function deviations(value) {
  const sign = value > 0 ? "+" : value < 0 ? "−" : "";
  return `${sign}${Math.abs(value).toFixed(1)} σ`;
}
