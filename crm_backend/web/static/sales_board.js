/* Lets cards be dragged to another column; without it each card's list does the same. */

const board = document.querySelector(".board");
let dragged = null;

board?.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.(".card") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", "");
  dragged.classList.add("dragged");
});

board?.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  mark(null);
  dragged = null;
});

board?.addEventListener("dragover", (event) => {
  const column = event.target.closest(".column");
  if (!dragged || !column) return;
  event.preventDefault();
  mark(column);
});

board?.addEventListener("drop", (event) => {
  const column = event.target.closest(".column");
  if (!dragged || !column) return;
  event.preventDefault();
  if (dragged.closest(".column") === column) return;
  const form = dragged.querySelector("form.mover");
  form.elements.stage.value = column.dataset.stage;
  form.requestSubmit();
});

/** Show where a card would land. */
function mark(column) {
  for (const one of board.querySelectorAll(".column")) {
    one.classList.toggle("over", one === column);
  }
}
