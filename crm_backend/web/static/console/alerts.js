/* Desktop notifications and a sound for the inbox, each off until somebody turns it on
   in this browser; the permission is asked for with that click and never before. */

const SAY_AGAIN_MS = 10_000;
const PREFIX = "deskmate-alert:";

const isOn = (name) => localStorage.getItem(PREFIX + name) === "on";
const mine = (state) => new Set(state.dataset.mine.split(" ").filter(Boolean));

function beep() {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const loudness = audio.createGain();
  tone.frequency.value = 660;
  loudness.gain.setValueAtTime(0.15, audio.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.connect(loudness).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
  tone.onended = () => audio.close();
}

async function flip(button) {
  const name = button.dataset.switch;
  const turnsOn = !isOn(name);
  if (turnsOn && name === "notify" && (await Notification.requestPermission()) !== "granted") {
    document.querySelector("[data-live-notice]").textContent = button.dataset.refused;
    return;
  }
  localStorage.setItem(PREFIX + name, turnsOn ? "on" : "off");
  button.setAttribute("aria-pressed", String(turnsOn));
  if (turnsOn && name === "sound") beep();
}

/** Tell of who waits newly: in words for screen readers, and as this browser was told. */
export function startAlerts() {
  const inbox = document.querySelector("#inbox");
  for (const button of document.querySelectorAll("[data-switch]")) {
    if (button.dataset.switch === "notify" && !("Notification" in window)) continue;
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isOn(button.dataset.switch)));
    button.addEventListener("click", () => flip(button));
  }
  if (!inbox) return;
  const first = inbox.querySelector("#inbox-state");
  let nWaiting = Number(first.dataset.waiting);
  let unread = mine(first);
  let saidAt = 0;
  inbox.addEventListener("htmx:afterSwap", () => {
    const state = inbox.querySelector("#inbox-state");
    document.title = state.dataset.title;
    const nMore = Number(state.dataset.waiting) - nWaiting;
    const isAnswered = [...mine(state)].some((id) => !unread.has(id));
    nWaiting += nMore;
    unread = mine(state);
    if (nMore <= 0 && !isAnswered) return;
    const text = nMore > 0 ? state.dataset.news.replace("{n}", nMore) : state.dataset.newsMine;
    if (Date.now() - saidAt >= SAY_AGAIN_MS) {
      document.querySelector("[data-inbox-news]").textContent = text;
      saidAt = Date.now();
    }
    if (isOn("notify") && Notification.permission === "granted" && document.hidden) new Notification(text);
    if (isOn("sound")) beep();
  });
}
