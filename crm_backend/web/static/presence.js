/* Tells the server that a colleague is at the console: online while the page is used,
   away when it was not for a while. Loaded by the pages that serve customers. */

const AWAY_AFTER_MS = 10 * 60_000;
const RETRY_SECONDS = 20;
let usedAt = Date.now();

for (const kind of ["pointerdown", "keydown", "focus", "scroll"]) {
  window.addEventListener(kind, () => (usedAt = Date.now()), { passive: true, capture: true });
}

async function beat() {
  const status = Date.now() - usedAt < AWAY_AFTER_MS ? "online" : "away";
  const body = new URLSearchParams({ status });
  const sent = fetch("/console/presence", { method: "POST", body, redirect: "manual" });
  const response = await sent.catch(() => null);
  const answer = response?.ok ? await response.json() : { again_in_seconds: RETRY_SECONDS };
  setTimeout(beat, answer.again_in_seconds * 1000);
}

beat();
