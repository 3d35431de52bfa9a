// The buttons that choose which verdicts of the comparison are shown.
"use strict";
(() => {
  const buttons = [...document.querySelectorAll("#verdicts button")];
  const rows = [...document.querySelectorAll("#compared tbody tr")];
  const choose = (chosen) => {
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === chosen)));
    const wanted = chosen.dataset.verdict;
    rows.forEach((row) => { row.hidden = wanted !== "" && row.dataset.verdict !== wanted; });
    facsimile.by("verdicts-said").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} numbers shown`;
  };
  buttons.forEach((button) => button.addEventListener("click", () => choose(button)));
})();
