// The table of scores, by Tabulator. Only the rows in view are in the document.
"use strict";
(() => {
  const { by, make, plain, escaped } = facsimile;
  const PRINTED = 60; // rows when printed

  const link = (score) => (cell) => {
    const value = cell.getValue();
    const { key } = cell.getData();
    if (value === null || value === undefined) return key ? '<span class="none">–</span>' : "";
    if (!key) return plain(value);
    return `<a class="number" href="${escaped(facsimile.address.run(key, score.id))}">${plain(value)}</a>`;
  };

  const seed = (cell) => {
    const { key } = cell.getData();
    return key ? `<a href="${escaped(facsimile.address.run(key))}" aria-label="record of seed ${cell.getValue()}">${cell.getValue()}</a>` : "";
  };

  // On a phone a single column identifies the run.
  const narrow = matchMedia("(max-width: 40rem)").matches;
  const who = (cell) => {
    const { key, method, settings, seed, control } = cell.getData();
    if (!key) return escaped(cell.getValue());
    const more = [settings, control && !seed ? "control" : `seed ${seed}`].filter(Boolean).join(" · ");
    return `<a class="who" href="${escaped(facsimile.address.run(key))}"><b>${escaped(method)}</b><small>${escaped(more)}</small></a>`;
  };

  const text = (title, field, width, more = {}) => ({ title, field, width, headerTooltip: true, ...more });

  const byPosition = (a, b, rowA, rowB) => (rowA.getData().position ?? -1) - (rowB.getData().position ?? -1) || a.localeCompare(b);

  const columns = () => {
    const several = facsimile.runs.words.dataset.length > 1;
    const longest = Math.max(...facsimile.runs.all.map(({ method }) => method.length));
    const unfinished = facsimile.runs.all.some((run) => run.state !== "done");
    return [
      text("Method", "method", narrow ? 150 : Math.min(230, Math.max(122, 34 + 8 * longest)), { frozen: true, bottomCalc: () => "Median", ...(narrow ? { formatter: who } : {}) }),
      text("Hyper-parameters", "settings", 170, { sorter: byPosition, tooltip: true, visible: !narrow }),
      text("Seed", "seed", 82, { sorter: "number", hozAlign: "right", formatter: seed, visible: !narrow }),
      ...(several ? [text("Data set", "datasetName", 130)] : []),
      ...(unfinished ? [text("State", "state", 90)] : []),
      ...facsimile.runs.scores.map((score) => ({
        title: score.label, field: score.field, minWidth: narrow ? 112 : 128, maxWidth: 240, visible: score.shown,
        sorter: "number", sorterParams: { alignEmptyValues: "bottom" }, headerSortStartingDir: "desc",
        hozAlign: "right", headerHozAlign: "right",
        formatter: link(score), bottomCalc: facsimile.runs.median, bottomCalcFormatter: (cell) => plain(cell.getValue()),
        headerTooltip: `${score.label}: ${score.meaning} (${score.convention} convention; ${score.better} is better)`,
      })),
    ];
  };

  // Tabulator sorts on click only: let Enter and space sort, too.
  const keys = (table) => table.getColumns().forEach((column) => {
    const head = column.getElement();
    if (head.tabIndex === 0) return;
    head.tabIndex = 0;
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      const now = head.getAttribute("aria-sort");
      const first = column.getDefinition().headerSortStartingDir || "asc";
      table.setSort(column.getField(), now === "none" ? first : now === "ascending" ? "desc" : "asc");
    });
  });

  const choices = (table) => by("columns").append(...facsimile.runs.scores.map((score) => {
    const box = make("input", { type: "checkbox", ...(score.shown ? { checked: true } : {}) });
    box.addEventListener("change", () => table[box.checked ? "showColumn" : "hideColumn"](score.field));
    return make("label", { title: score.meaning }, box, ` ${score.label}`);
  }));

  // Print a plain table of the first rows, because a browser would print only those in view.
  const print = (table) => {
    const rows = table.getData("active");
    const shown = table.getColumns().filter((column) => column.isVisible()).map((column) => column.getDefinition());
    const entry = (run, column) => column.field.match(/^s\d/) ? plain(run[column.field]) : String(run[column.field] ?? "");
    by("printed").replaceChildren(
      make("p", {}, `${Math.min(PRINTED, rows.length)} of the ${rows.length.toLocaleString("en")} filtered runs, in the order on screen.`),
      make("table", {},
        make("thead", {}, make("tr", {}, shown.map((column) => make("th", { scope: "col" }, column.title)))),
        make("tbody", {}, rows.slice(0, PRINTED).map((run) => make("tr", {}, shown.map((column) => make("td", {}, entry(run, column))))))),
    );
  };

  facsimile.table = {
    make: () => new Promise((resolve) => {
      const rows = facsimile.runs.all.length;
      const table = new Tabulator(by("table"), {
        data: facsimile.runs.all,
        columns: columns(),
        height: rows > 16 ? "min(36rem, 80vh)" : false,
        rowHeight: narrow ? 46 : 36,
        layout: "fitColumns",
        columnDefaults: { resizable: false, vertAlign: "middle" },
        placeholder: "No run matches these filters",
        columnCalcs: "table",
      });
      table.on("tableBuilt", () => {
        keys(table);
        choices(table);
        by("table").querySelector(".tabulator-tableholder").removeAttribute("tabindex"); // its links take focus
        by("table").setAttribute("aria-label", "Scores of the filtered runs");
        facsimile.table.widget = table;
        resolve(table);
      });
      by("download").addEventListener("click", () => table.download("csv", `${facsimile.study}-${facsimile.scale}.csv`));
      addEventListener("beforeprint", () => print(table));
    }),
    show: (matches) => facsimile.table.widget.setFilter((run) => matches(run)),
    /** Move a score beside the columns that identify a run, so that it is in view on any screen. */
    reveal: (score) => {
      const { widget } = facsimile.table;
      const first = widget.getColumns().find((column) => /^s\d+$/.test(column.getField()) && column.isVisible());
      if (first && first.getField() !== score.field) widget.moveColumn(score.field, first.getField(), false);
      widget.getColumns().forEach((column) => column.getElement().classList.toggle("chosen", column.getField() === score.field));
    },
  };
})();
