// Files at the playhead.

function toggleFiles() {
  const panel = $("panel");
  if (data.files.length + unseen.length === 0) return say(`No file was changed. ${$("beside").textContent}`);
  panel.hidden = !panel.hidden;
  $("files").setAttribute("aria-expanded", String(!panel.hidden));
  file = null;
  showFile();
}

/** The files in which the capture differs from the log; they come behind those of the log. */
const unseen = [...document.querySelectorAll("#unseen > details")];

/** The file that was picked, else the one of this step, else the last that was changed. */
function fileAtPlayhead() {
  if (file !== null) return file;
  for (let index = at; index >= 0; index -= 1) {
    const files = steps[index].dataset.files;
    if (files) return Number(files.split(" ")[0]);
  }
  return 0;
}

function showFile() {
  if ($("panel").hidden) return;
  const index = fileAtPlayhead();
  $("file").value = String(index);
  if (index >= data.files.length) return showUnseen(unseen[index - data.files.length]);
  const number = numberOf(steps[at]);
  const changes = data.files[index].whole.filter(([step]) => step <= number);
  const [, whole] = changes[changes.length - 1] ?? [];
  const parts = [];
  let note = `After ${changes.length} ${changes.length === 1 ? "change" : "changes"}, at step ${number}.`;
  if (changes.length === 0) {
    note = `Not changed up to step ${number}.`;
  } else if (whole === null) {
    note += data.leftOut > 0 ? " Too much for one diff, so each by itself." : " The log does not tell the whole file, so each by itself.";
    parts.push(...changesOf(index, number));
  } else if (data.texts[whole] === "") {
    note += " It is as it was before.";
  } else {
    parts.push(diff(data.texts[whole]));
  }
  $("since").textContent = note;
  $("whole").replaceChildren(...parts);
}

function showUnseen(details) {
  $("since").textContent = "From the capture, at the end.";
  $("whole").replaceChildren(...[...details.children].slice(1).map((part) => part.cloneNode(true)));
}

function changesOf(index, number) {
  const all = [...document.querySelectorAll(`.change[data-file="${index}"]`)];
  return all.flatMap((change) => {
    const step = numberOf(change.closest(".step"));
    if (step > number) return [];
    const title = document.createElement("p");
    title.className = "note";
    title.textContent = `Step ${step}`;
    return [title, change.cloneNode(true)];
  });
}

function diff(text) {
  const pre = document.createElement("pre");
  pre.className = "diff";
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const name = { "+": "ins", "-": "del", "@": "b" }[line[0]];
    const part = name ? document.createElement(name) : document.createTextNode(line);
    if (name) part.textContent = line;
    pre.append(part);
  }
  return pre;
}
