// Search.

function search(text) {
  const query = text.toLowerCase();
  matches = query === "" ? [] : steps.filter((step) => isShown(step) && step.textContent.toLowerCase().includes(query));
  if (matches.length > 0 && !matches.includes(steps[at])) {
    const after = matches.find((step) => steps.indexOf(step) > at);
    go(steps.indexOf(after ?? matches[0]));
  } else {
    showFound();
  }
}

function jumpFound(direction) {
  if (matches.length === 0) return say("Nothing is found");
  const index = seek(direction, (step) => matches.includes(step));
  go(index ?? steps.indexOf(direction > 0 ? matches[0] : matches[matches.length - 1]));
}

function showFound() {
  const query = $("query").value.toLowerCase();
  const number = matches.indexOf(steps[at]) + 1;
  $("hits").textContent = query === "" ? "" : number > 0 ? `${number} of ${matches.length}` : `${matches.length} found`;
  const ranges = number > 0 ? found(steps[at], query) : [];
  if (window.Highlight && CSS.highlights) CSS.highlights.set("found", new Highlight(...ranges));
}

/** Where the text is in a step; what is folded around it opens. */
function found(step, query) {
  const MOST = 500;
  const walker = document.createTreeWalker(step, NodeFilter.SHOW_TEXT);
  const ranges = [];
  for (let node = walker.nextNode(); node && ranges.length < MOST; node = walker.nextNode()) {
    const text = node.data.toLowerCase();
    // Some letters become longer in lower case: then places are not the same.
    if (text.length !== node.data.length) continue;
    for (let start = text.indexOf(query); start >= 0; start = text.indexOf(query, start + query.length)) {
      const range = new Range();
      range.setStart(node, start);
      range.setEnd(node, start + query.length);
      ranges.push(range);
      const folded = node.parentElement.closest("details:not([open])");
      if (folded && !node.parentElement.closest("summary")) folded.open = true;
    }
  }
  return ranges;
}
