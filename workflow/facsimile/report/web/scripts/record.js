// The record of one run, its run.json, in a dialog.
"use strict";
(() => {
  const { by, make, plain } = facsimile;
  const dialog = by("run");
  let before = null;

  const record = async (run) => {
    const { words, runs } = await facsimile.load(`records/${run.dataset}/${run.model}`);
    const found = runs[run.key];
    return found ? Object.fromEntries(Object.entries(found).map(([key, index]) => [key, words[key][index]])) : null;
  };

  const facts = (pairs) => make("dl", { class: "facts" }, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => [make("dt", {}, name), make("dd", {}, value.nodeType ? value : String(value))]));

  const listed = (values) => Object.entries(values || {}).map(([key, value]) => `${key} ${value}`).join(" · ");

  const time = (seconds) => seconds === undefined ? "" : seconds < 120 ? `${seconds.toFixed(1)} s` : seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;

  const copied = (text) => {
    const button = make("button", { type: "button", class: "copy", onclick: async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } }, "Copy");
    return make("span", { class: "command" }, make("code", {}, text), navigator.clipboard ? button : "");
  };

  const json = (title, value, open = false) => value === undefined || value === null ? "" :
    make("details", { open }, make("summary", {}, title), make("pre", { tabindex: "0" }, make("code", {}, JSON.stringify(value, null, 1))));

  const said = ({ words, codes }, run) => words[codes ? codes[run.id] : 0];

  const asked = (score, run) => [
    `${score.convention} convention`, score.representation !== "mean" && `${score.representation} representation`,
    score.n_train && `${score.n_train.toLocaleString("en")} + ${(score.n_test ?? 0).toLocaleString("en")} points`,
    `seed ${score.evaluation_seed}`, `code ${said(score.code, run)}`, said(score.versions, run),
  ].filter(Boolean).join(" · ");

  const scores = (run, chosen) => make("table", { class: "plain" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Score"), make("th", { scope: "col", class: "figure" }, "Value"), make("th", { scope: "col" }, "How it was asked"))),
    make("tbody", {}, facsimile.runs.scores.filter((score) => run[score.field] !== null && run[score.field] !== undefined).map((score) =>
      make("tr", score === chosen ? { class: "chosen", "aria-current": "true" } : {},
        make("th", { scope: "row", title: score.meaning }, score.label),
        make("td", { class: "figure" }, plain(run[score.field])),
        make("td", {}, make("small", {}, asked(score, run)))))));

  const made = (found) => found ? [
    ["Trained", `${found.steps?.toLocaleString("en") ?? "–"} steps in ${time(found.seconds)}`],
    ["Started", found.started?.replace("T", " ")],
    ["Machine", [found.processor, found.device, found.precision, found.execution, found.threads && `${found.threads} thread${found.threads > 1 ? "s" : ""}`].filter(Boolean).join(" · ")],
    ["Host, job", [found.host, found.job].filter(Boolean).join(", ")],
    ["Versions", listed(found.versions)],
    ["Data", found.data && `${found.data.dataset}, ${found.data.origin}${found.data.sha256 ? `, sha256 ${found.data.sha256.slice(0, 12)}…` : ""}`],
    ["Weights", found.weights_sha256 && make("code", {}, `sha256 ${found.weights_sha256}`)],
    ["Reason", found.reason],
  ] : [];

  const fill = (run, found, chosen) => dialog.replaceChildren(
    make("header", {},
      make("div", {}, make("h2", { id: "run-title", tabindex: "-1" }, [run.method, run.settings, run.datasetName, `seed ${run.seed}`].filter(Boolean).join(" · ")),
        make("p", { class: "faint" }, make("code", {}, run.key))),
      make("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    make("div", { class: "body" },
      chosen ? make("p", { class: "headline" }, `${chosen.label} `, make("strong", {}, plain(run[chosen.field])), make("small", {}, ` ${chosen.meaning}`)) : "",
      facts([["State", run.state], ["Hyper-parameters", run.allSettings], ["Published number", run.number], ["Hash of what the study states", run.key.split("/")[2]], ...made(found)]),
      found ? "" : make("p", { class: "notice" }, "Its record is not at hand: this report was made from scores alone."),
      make("h3", {}, "Scores of this run"), scores(run, chosen),
      make("h3", {}, "Where it is"),
      make("p", {}, copied(`facsimile explain ${run.key}`)), make("p", {}, copied(`${facsimile.results}/runs/${run.key}/run.json`)),
      facsimile.latents?.has(run.key) ? make("p", {}, make("a", { href: `#latents?run=${encodeURIComponent(run.key)}`, onclick: () => dialog.close() }, "Explore its latents")) : "",
      json("What the study states of it", found?.statement), json("Code that made it: content hash of each module", found?.code),
      json("Losses at the end of training", found?.final), json("The whole of run.json", found)));

  const open = async ({ key, stated }) => {
    const run = facsimile.runs.byKey?.get(key);
    if (!run) return;
    before = document.activeElement;
    let found = null;
    try { found = await record(run); } catch (error) { console.warn(String(error)); }
    fill(run, found, stated.score ? facsimile.runs.score(stated.score) : null);
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
