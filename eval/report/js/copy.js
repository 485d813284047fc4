// Copies the finance paragraph; where the browser gives a file no clipboard, the older command on a selection does.
function setUpCopy() {
  const text = byId("finance-text");
  const status = byId("copy-status");
  byId("copy-finance").addEventListener("click", async () => {
    const done = (await writeClipboard(text.textContent)) || copySelection(text);
    status.textContent = done ? "Copied." : "Select the paragraph and copy it.";
  });
}

async function writeClipboard(text) {
  if (!navigator.clipboard) return false;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch (refused) {
    return false;
  }
}

function copySelection(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  return document.execCommand("copy");
}
