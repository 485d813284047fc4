// A stage of a waterfall lists its questions in the table of all answers.
function setUpLosses(answers) {
  for (const name of document.querySelectorAll(".losses .stage")) {
    const configuration = answers.configurations.indexOf(name.closest(".losses").dataset.configuration);
    const stage = answers.stages.indexOf(name.dataset.lost);
    if (configuration < 0 || stage < 0) continue;
    const button = html("button", { type: "button", class: "stage" }, name.textContent);
    button.addEventListener("click", () => showLost(configuration, stage));
    name.replaceWith(button);
  }
}

function showLost(configuration, stage) {
  const values = { configuration, lost: stage, track: "", outcome: "", text: "" };
  for (const [name, value] of Object.entries(values)) byId("filter-" + name).value = String(value);
  byId("filter-lost").dispatchEvent(new Event("input"));
  byId("questions").scrollIntoView();
  byId("filter-lost").focus({ preventScroll: true });
}
