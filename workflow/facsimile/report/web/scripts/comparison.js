// The buttons that filter the comparison by verdict.
"use strict";
(() => {
  const buttons = [...document.querySelectorAll("#verdicts button")];
  const rows = [...document.querySelectorAll("#compared tbody tr")];
  const show = (pressed) => {
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(button === pressed)));
    const verdict = pressed.dataset.verdict;
    rows.forEach((row) => { row.hidden = verdict !== "" && row.dataset.verdict !== verdict; });
    facsimile.by("verdicts-count").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} numbers shown`;
  };
  buttons.forEach((button) => button.addEventListener("click", () => show(button)));
})();
