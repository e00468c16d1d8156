// Shows which sentences of the article carry a statement: lit in the article while a statement is pointed at or
// focused, and written out below it when it is chosen. Without this script the small numbers are plain links.
"use strict";

const beside = matchMedia("(min-width: 62rem)");
const motion = matchMedia("(prefers-reduced-motion: reduce)");
const sources = document.querySelector(".report section.article");
let open = null;

const numbers = (statement) => (statement.dataset.evidence || "").split(" ").filter(Boolean);
const sentences = (statement) =>
  numbers(statement).map((n) => document.getElementById(`s${n}`)).filter(Boolean);
const records = (statement) =>
  (statement.dataset.records || "").split(" ").filter(Boolean)
    .map((id) => document.getElementById(`record-${id}`)).filter(Boolean);

function light(statement) {
  dim();
  const found = [...sentences(statement), ...records(statement)];
  for (const element of found) element.classList.add("lit");
  statement.classList.add("chosen");
  const first = sentences(statement)[0];
  if (first && beside.matches && sources) {
    const inside = first.getBoundingClientRect().top - sources.getBoundingClientRect().top;
    const top = sources.scrollTop + inside - sources.clientHeight / 3;
    sources.scrollTo({ top, behavior: motion.matches ? "auto" : "smooth" });
  }
}

function dim() {
  for (const element of document.querySelectorAll(".lit, .chosen")) element.classList.remove("lit", "chosen");
}

function close() {
  if (!open) return;
  open.panel.remove();
  for (const ref of open.statement.querySelectorAll("a.ref")) ref.setAttribute("aria-expanded", "false");
  open = null;
}

function toggle(statement) {
  const again = open && open.statement === statement;
  close();
  if (again) return;
  // A span shown as a block, since it stands inside a paragraph, right behind the statement.
  const panel = document.createElement("span");
  panel.className = "evidence";
  panel.setAttribute("role", "status");
  for (const sentence of sentences(statement)) {
    panel.append(line(`Sentence ${sentence.id.slice(1)}`, sentence.dataset.text || sentence.textContent));
  }
  for (const record of records(statement)) panel.append(line("Dated record", record.textContent));
  if (!panel.children.length) panel.append(line("Sources", "No sentence is named."));
  statement.after(panel);
  for (const ref of statement.querySelectorAll("a.ref")) ref.setAttribute("aria-expanded", "true");
  open = { statement, panel };
}

function line(label, text) {
  const row = document.createElement("span");
  const name = document.createElement("b");
  name.textContent = label;
  row.append(name, " ", text.trim());
  return row;
}

for (const statement of document.querySelectorAll(".statement")) {
  statement.addEventListener("mouseenter", () => light(statement));
  statement.addEventListener("mouseleave", dim);
  statement.addEventListener("focusin", () => light(statement));
  statement.addEventListener("focusout", dim);
  statement.addEventListener("click", (event) => {
    if (getSelection().toString()) return;
    if (event.target.closest("a.ref")) event.preventDefault();
    toggle(statement);
  });
  for (const ref of statement.querySelectorAll("a.ref")) {
    ref.setAttribute("role", "button");
    ref.setAttribute("aria-expanded", "false");
    ref.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      toggle(statement);
    });
  }
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
