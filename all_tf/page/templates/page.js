"use strict";
// Sends the pictures to POST /predict and shows the answers. All text is set as text, never as HTML.

const of = (id) => document.getElementById(id);
const form = of("form"), drop = of("drop"), status = of("status");
let asked = 0; // Number of the newest request: an older answer is not shown.
let table = null; // The address of the CSV in memory.

const show = (element, text) => {
  element.textContent = text;
  element.hidden = !text;
};

const say = (text, failed = false) => {
  status.textContent = text;
  status.classList.toggle("failed", failed);
};

async function predict(files) {
  if (!files.length) return; // A text was dropped: the answer on its way stays wanted.
  const number = ++asked;
  const wishes = new FormData(form);
  wishes.append("thumbnails", "1");
  wishes.append("csv", "1");
  for (const file of files) wishes.append("images", file, file.name);
  say(`Answering for ${files.length} ${files.length === 1 ? "picture" : "pictures"} …`);
  of("results").hidden = true;
  try {
    const answer = await fetch("/predict", { method: "POST", body: wishes });
    const content = await answer.json();
    if (number !== asked) return;
    if (!answer.ok) return say(content.error, true);
    say("");
    render(content);
  } catch {
    if (number === asked) say("The server does not answer. Does it still run?", true);
  }
}

function render(content) {
  const count = { positive: 0, negative: 0, none: 0 };
  for (const row of content.images) count[row.answer] += 1;
  const kinds = Object.entries(count).map(([kind, many]) => `${many} ${kind}`);
  const cells = content.images.length === 1 ? "1 cell" : `${content.images.length} cells`;
  of("summary").textContent = `${cells}: ${kinds.join(", ")}.`;
  show(of("share"), content.patients.map(describe).join(" "));
  fill(of("notes"), [...content.notes, ...(content.no_heat_maps ? [content.no_heat_maps] : [])]);
  of("problems").hidden = !content.not_scored.length;
  fill(of("problems").querySelector("ul"), content.not_scored);
  of("cells").replaceChildren(...content.images.map((row, place) => card(row, place, content)));
  if (table) URL.revokeObjectURL(table);
  table = URL.createObjectURL(new Blob([content.csv], { type: "text/csv;charset=utf-8" }));
  of("download").href = table;
  of("download").hidden = !content.images.length;
  of("results").hidden = false;
}

function describe(row) {
  const who = row.patient || "Unnamed patient";
  if (row.share_positive === null) return `${who}: no cell was answered.`;
  const share = [row.share_positive, row.share_positive_low, row.share_positive_high];
  const [middle, low, high] = share.map((value) => (100 * value).toFixed(0));
  return `${who}: ${middle} % of the answered cells are positive (${low} to ${high} % for more ` +
    `cells of this patient); mean probability ${row.mean_probability.toFixed(2)}.`;
}

function fill(list, lines) {
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

function card(row, place, content) {
  const item = of("cell").content.cloneNode(true).firstElementChild;
  const part = (name) => item.querySelector(name);
  const { negative, positive } = document.body.dataset;
  const name = { positive: ` (${positive})`, negative: ` (${negative})`, none: "" }[row.answer];
  item.classList.add(row.answer);
  part(".seen").src = content.thumbnails[place];
  part(".seen").alt = row.path;
  const heat = (content.heat_maps ?? [])[place];
  item.classList.toggle("heated", Boolean(heat));
  for (const kind of heat ? ["positive", "negative"] : []) {
    part(`img.${kind}`).src = heat[kind];
    part(`img.${kind}`).alt = `Grad-CAM for ${kind}`;
    part(`img.${kind}`).parentElement.hidden = false;
  }
  part(".answer b").textContent = (row.answer === "none" ? "no answer" : row.answer) + name;
  part(".name").textContent = row.path;
  part(".value").style.width = `${100 * row.probability}%`;
  part(".threshold").style.left = `${100 * row.threshold}%`;
  const numbers = `probability ${row.probability.toFixed(3)}, threshold ${row.threshold.toFixed(3)}`;
  part(".scale").setAttribute("aria-label", numbers);
  part(".numbers").textContent = numbers;
  show(part(".reason"), row.reason);
  show(part(".warnings"), row.warnings);
  return item;
}

of("files").addEventListener("change", (event) => {
  predict([...event.target.files]);
  event.target.value = ""; // So that the same files can be chosen again.
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => {
  of("scale").hidden = form.elements.kind.value !== "field";
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  // On the whole window: a picture beside the box would replace the page.
  window.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind === "drop") predict([...event.dataTransfer.files]);
  });
}
