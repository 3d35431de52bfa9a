// The record of one run, its run.json, in a dialog.
"use strict";
(() => {
  const { by, make, plain } = facsimile;
  const dialog = by("run");
  let before = null;

  const load = async (run) => {
    const { words, runs } = await facsimile.load(`records/${run.dataset}/${run.model}`);
    const record = runs[run.key];
    return record ? Object.fromEntries(Object.entries(record).map(([key, index]) => [key, words[key][index]])) : null;
  };

  const facts = (pairs) => make("dl", { class: "facts" }, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [make("dt", {}, name), make("dd", {}, value.nodeType ? value : String(value))]));

  const listed = (values) => Object.entries(values || {}).map(([key, value]) => `${key} ${value}`).join(" · ");

  const time = (seconds) => seconds === undefined ? "" : seconds < 120 ? `${seconds.toFixed(1)} s` : seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;

  const copyable = (text) => {
    const button = make("button", { type: "button", class: "copy", onclick: async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } }, "Copy");
    return make("span", { class: "command" }, make("code", {}, text), navigator.clipboard ? button : "");
  };

  const json = (title, value, open = false) => value === undefined || value === null ? "" :
    make("details", { open }, make("summary", {}, title), make("pre", { tabindex: "0" }, make("code", {}, JSON.stringify(value, null, 1))));

  const wordOf = ({ words, codes }, run) => words[codes ? codes[run.id] : 0];

  const evaluation = (score, run) => [
    `${score.convention} convention`, score.representation !== "mean" && `${score.representation} representation`,
    score.n_train && `${score.n_train.toLocaleString("en")} + ${(score.n_test ?? 0).toLocaleString("en")} points`,
    `seed ${score.evaluation_seed}`, `code ${wordOf(score.code, run)}`, wordOf(score.versions, run),
  ].filter(Boolean).join(" · ");

  const scores = (run, chosen) => make("table", { class: "plain" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Score"), make("th", { scope: "col", class: "figure" }, "Value"), make("th", { scope: "col" }, "How it was computed"))),
    make("tbody", {}, facsimile.runs.scores.filter((score) => run[score.field] !== null && run[score.field] !== undefined).map((score) =>
      make("tr", score === chosen ? { class: "chosen", "aria-current": "true" } : {},
        make("th", { scope: "row", title: score.meaning }, score.label),
        make("td", { class: "figure" }, plain(run[score.field])),
        make("td", {}, make("small", {}, evaluation(score, run)))))));

  const provenance = (record) => record ? [
    ["Trained", `${record.steps?.toLocaleString("en") ?? "–"} steps in ${time(record.seconds)}`],
    ["Started", record.started?.replace("T", " ")],
    ["Machine", [record.processor, record.device, record.precision, record.execution, record.threads && `${record.threads} thread${record.threads > 1 ? "s" : ""}`].filter(Boolean).join(" · ")],
    ["Host, job", [record.host, record.job].filter(Boolean).join(", ")],
    ["Versions", listed(record.versions)],
    ["Data", record.data && `${record.data.dataset}, ${record.data.origin}${record.data.sha256 ? `, sha256 ${record.data.sha256.slice(0, 12)}…` : ""}`],
    ["Weights", record.weights_sha256 && make("code", {}, `sha256 ${record.weights_sha256}`)],
    ["Reason", record.reason],
  ] : [];

  const fill = (run, record, chosen) => dialog.replaceChildren(
    make("header", {},
      make("div", {}, make("h2", { id: "run-title", tabindex: "-1" }, [run.method, run.settings, run.datasetName, `seed ${run.seed}`].filter(Boolean).join(" · ")),
        make("p", { class: "faint" }, make("code", {}, run.key))),
      make("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    make("div", { class: "body" },
      chosen ? make("p", { class: "headline" }, `${chosen.label} `, make("strong", {}, plain(run[chosen.field])), make("small", {}, ` ${chosen.meaning}`)) : "",
      facts([["State", run.state], ["Hyper-parameters", run.allSettings], ["Published number", run.number], ["Hash of the settings", run.key.split("/")[2]], ...provenance(record)]),
      record ? "" : make("p", { class: "notice" }, "The record is missing: this report was made from scores alone."),
      make("h3", {}, "Scores of this run"), scores(run, chosen),
      make("h3", {}, "Where to find it"),
      make("p", {}, copyable(`facsimile explain ${run.key}`)), make("p", {}, copyable(`${facsimile.results}/runs/${run.key}/run.json`)),
      facsimile.latents?.has(run.key) ? make("p", {}, make("a", { href: `#latents?run=${encodeURIComponent(run.key)}`, onclick: () => dialog.close() }, "Explore its latents")) : "",
      json("Settings in the study file", record?.statement), json("Code it was trained with: content hash of each module", record?.code),
      json("Losses at the end of training", record?.final), json("All of run.json", record)));

  const open = async ({ key, parameters }) => {
    const run = facsimile.runs.byKey?.get(key);
    if (!run) return;
    before = document.activeElement;
    let record = null;
    try { record = await load(run); } catch (error) { console.warn(String(error)); }
    fill(run, record, parameters.score ? facsimile.runs.score(parameters.score) : null);
    if (!dialog.open) dialog.showModal();
    by("run-title").focus();
    dialog.scrollTop = 0;
  };

  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    if (location.hash.startsWith("#run/")) facsimile.address.leave();
    before?.focus?.({ preventScroll: true });
  });
  facsimile.address.on("run", open);
})();
