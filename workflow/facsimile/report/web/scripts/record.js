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

  // One small chart per recorded loss term.
  const curves = async (run) => {
    const history = (await facsimile.load(`histories/${run.dataset}/${run.model}`))?.[run.key];
    const place = by("run-curves");
    if (!history || !place) return;
    const terms = Object.keys(history).filter((name) => name !== "step");
    const values = terms.flatMap((term) => history.step.map((step, i) => ({ term: term.replaceAll("_", " "), step, value: history[term][i] })));
    const [ink, line] = ["--ink", "--line"].map(facsimile.style);
    place.before(make("h3", {}, "Losses along training, by step"));
    await vegaEmbed(place, {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      description: `Recorded loss terms of ${run.key} along its training steps.`,
      config: { background: "transparent", font: facsimile.style("--font"), view: { stroke: null }, axis: { labelColor: ink, titleColor: ink, gridColor: line, domainColor: line, tickColor: line }, header: { labelColor: ink } },
      data: { values },
      facet: { field: "term", type: "nominal", title: null, sort: terms, header: { labelAnchor: "start", labelFontWeight: "bold" } },
      columns: innerWidth > 700 ? 3 : 1,
      resolve: { scale: { y: "independent" }, axis: { x: "independent" } },
      spec: {
        width: 180, height: 100, mark: { type: "line", strokeWidth: 1.5, color: facsimile.colours[run.model] || "#2457b8" },
        encoding: {
          x: { field: "step", type: "quantitative", title: null, axis: { tickCount: 3, format: "~s" } },
          y: { field: "value", type: "quantitative", title: null, scale: { zero: false }, axis: { tickCount: 4, format: "~s" } },
        },
      },
    }, { renderer: "svg", actions: false });
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
      make("div", { id: "run-curves", class: "curves" }),
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
    try { await curves(run); } catch (error) { console.warn(String(error)); }
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
