/* Files: sending one with its progress, and fetching one that was sent. */

import { Failure } from "./api.js";
import { button, el, icon } from "./elements.js";
import { save } from "./save.js";

const SHEET = "M7 3h7l5 5v13H7zM14 3v5h5";
const MAX_BYTES = 10 * 1024 * 1024;
const ENDINGS = /\.(png|jpe?g|gif|webp|hei[cf]|pdf|docx|xlsx|od[ts]|csv|txt|log|md)$/i;

/** Send a file as the message `id`; it stays on the page until it has arrived. */
export function uploadCard({ file, id }, chat) {
  const { texts, api, transcript } = chat;
  const body = el("article.card.file", { "aria-label": file.name });
  const discard = () => transcript.remove(id);
  const show = (...content) =>
    body.replaceChildren(
      el("header", icon(SHEET), el("strong", file.name)),
      ...content,
    );
  const complain = (text, again) =>
    show(
      el("p.bad", { role: "alert" }, `${texts.failed} ${text}`),
      el("p", again && button("link", texts.retry, send), " ", button("link", texts.discard, discard)),
    );

  async function send() {
    if (file.size > MAX_BYTES) return complain(texts.tooLarge);
    if (!file.size) return complain(texts.empty);
    if (!ENDINGS.test(file.name)) return complain(texts.wrongType);
    const bar = el("progress", { "aria-label": texts.uploading, max: 1, value: 0 });
    const control = new AbortController();
    const cancel = () => {
      control.abort();
      discard();
      chat.focusComposer();
    };
    show(bar, button("link", texts.cancel, cancel));
    const form = new FormData();
    form.append("client_message_id", id);
    form.append("file", file);
    const tell = (share) => (bar.value = share);
    try {
      await chat.begin();
      transcript.put(await upload(api, form, tell, control.signal));
    } catch (problem) {
      if (!(problem instanceof Failure)) throw problem;
      complain(chat.explain(problem), true);
    }
  }

  send();
  return body;
}

/** Send a form; only XMLHttpRequest tells how far it has come. */
function upload(api, form, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", api.root + "attachments");
    request.setRequestHeader("Authorization", `Bearer ${api.token}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
    request.onerror = () => reject(new Failure());
    request.onload = () => {
      const { status, response } = request;
      if (status < 300) resolve(response);
      else reject(new Failure(status, response?.error));
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

/** Show a file of a message; it is fetched with the chat's token, never by its address alone. */
export function fileCard({ id, name, n_bytes: nBytes }, chat) {
  const { texts } = chat;
  const problem = el("p.bad", { role: "alert" });
  const fetchIt = async () => {
    problem.textContent = "";
    try {
      save(await chat.api.blob(`attachments/${encodeURIComponent(id)}`), name);
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      problem.textContent = chat.explain(failure);
    }
  };
  return el(
    "article.card.file",
    { "aria-label": name },
    el("header", icon(SHEET), el("strong", name)),
    el("p.quiet", texts.size(nBytes), " · ", button("link", texts.download, fetchIt)),
    problem,
  );
}
