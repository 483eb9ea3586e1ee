// What is shown.

function setFilter(value) {
  $("filter").value = value;
  const filters = {
    all: () => true,
    talk: (step) => is("prompt")(step) || is("answer")(step),
    call: is("call"),
    edit: is("edit"),
    bad: is("bad"),
  };
  const ofFile = (step) => (step.dataset.files ?? "").split(" ").includes(value.slice("file:".length));
  const wanted = filters[value] ?? ofFile;
  for (const step of steps) step.hidden = !wanted(step) || (!withSubagents && is("nested")(step));
  for (const turn of document.querySelectorAll("#steps .turn")) {
    turn.hidden = ![...turn.children].some((child) => is("step")(child) && isShown(child));
  }
  const shown = steps.filter(isShown).length;
  if (shown === 0) say("There is none");
  else if (!isShown(steps[at])) go(seek(1) ?? seek(-1));
  else reveal(steps[at]);
  search($("query").value);
}

function toggleSubagents() {
  withSubagents = !withSubagents;
  setFilter($("filter").value);
  say(withSubagents ? "With subagents" : "Without subagents");
}

const foldable = (root) => [...root.querySelectorAll("details.call, details.fold, details.rest")];

function foldStep() {
  const parts = foldable(steps[at]);
  const isOpen = parts.some((part) => part.open);
  for (const part of parts) part.open = !isOpen;
}

function foldAll() {
  const parts = foldable($("steps"));
  const isOpen = parts.some((part) => part.open);
  for (const part of parts) part.open = !isOpen;
  reveal(steps[at]);
}
