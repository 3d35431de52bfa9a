// The form that filters runs for table and chart. The address holds the filters, so that it can be shared.
"use strict";
(() => {
  const { by, make } = facsimile;
  const form = by("filters");
  const field = (name) => form.elements[name];

  const options = (select, words, first) => select.replaceChildren(
    make("option", { value: "" }, first), ...words.map(({ id, name }) => make("option", { value: id }, name)));

  const within = (parameters, values) => Object.entries(parameters).every(([key, value]) => values[key] === value);

  const parsed = (text) => {
    try { return text ? JSON.parse(text) : {}; } catch { return {}; }
  };

  const texts = new Map();
  const text = (run) => {
    if (!texts.has(run)) texts.set(run, `${run.key} ${run.method} ${run.allSettings} ${run.datasetName} ${run.number ?? ""}`.toLowerCase());
    return texts.get(run);
  };

  /** A function that tells whether a run matches the form. A run may have more hyper-parameters than are selected. */
  const matching = () => {
    const parameters = parsed(field("params").value);
    const score = facsimile.runs.score(field("score").value);
    const least = field("least").value.trim() === "" ? NaN : Number(field("least").value.replace(",", "."));
    const words = field("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const [dataset, model] = [field("dataset").value, field("model").value];
    return (run) =>
      (!dataset || run.dataset === dataset) && (!model || run.methodId === model) && within(parameters, run.values) &&
      (Number.isNaN(least) || (run[score.field] ?? -Infinity) >= least) &&
      words.every((word) => text(run).includes(word));
  };

  const offer = () => {
    const { params } = facsimile.runs.words;
    const now = field("params").value;
    const model = field("model").value;
    const used = new Set(facsimile.runs.all.filter((run) => !model || run.methodId === model).map((run) => run.params));
    options(field("params"), params.filter(({ id, name }) => used.has(id) && name), "all");
    field("params").value = used.has(now) ? now : "";
  };

  /** The mean that tables show, so that a reader who comes from one finds its number. */
  const average = (chosen, score) => {
    const values = chosen.map((run) => run[score.field]).filter((value) => value !== null && value !== undefined);
    if (!values.length) return "";
    return ` · mean ${score.label} ${facsimile.plain(values.reduce((sum, value) => sum + value, 0) / values.length)}`;
  };

  const apply = (first = false) => {
    const keep = matching();
    const chosen = facsimile.runs.all.filter(keep);
    if (!first) facsimile.table.show(keep); // a new table shows all runs
    const score = facsimile.runs.score(field("score").value);
    const cells = new Set(chosen.map((run) => `${run.dataset} ${run.methodId} ${run.params}`)).size;
    by("counted").textContent = `${chosen.length.toLocaleString("en")} of ${facsimile.runs.all.length.toLocaleString("en")} runs, in ${cells} ${cells === 1 ? "cell" : "cells"}${average(chosen, score)}`;
    facsimile.chart.show(chosen, score);
  };

  const state = () => facsimile.address.state("scores", Object.fromEntries(["dataset", "model", "params", "score", "least", "words"].map((n) => [n, field(n).value])));

  facsimile.filters = {
    make: () => {
      options(field("dataset"), facsimile.runs.words.dataset, "all");
      options(field("model"), facsimile.runs.words.method, "all, with controls");
      field("score").replaceChildren(...facsimile.runs.scores.map((score) => make("option", { value: score.id }, score.label)));
      const first = facsimile.runs.scores.find((score) => score.shown);
      if (first) field("score").value = first.id;
      offer();
      const changed = facsimile.later(() => { apply(); state(); });
      form.addEventListener("input", (event) => { if (event.target.name === "model") offer(); changed(); });
      form.addEventListener("submit", (event) => event.preventDefault());
      form.addEventListener("reset", () => setTimeout(() => { offer(); if (first) field("score").value = first.id; apply(); state(); }));
      apply(true);
    },
    /** Show the runs behind a number, given by the address. */
    state: (parameters) => {
      for (const name of ["dataset", "model", "least", "words"]) field(name).value = parameters[name] ?? "";
      offer();
      const params = parameters.params ?? "";
      if (params && ![...field("params").options].some((option) => option.value === params)) {
        field("params").append(make("option", { value: params }, Object.entries(parsed(params)).map(([k, v]) => `${k} = ${v}`).join(", ")));
      }
      field("params").value = params;
      const score = facsimile.runs.score(parameters.score);
      if (score) {
        field("score").value = score.id;
        facsimile.table.widget.showColumn(score.field);
        facsimile.table.reveal(score);
      }
      apply();
    },
  };
})();
