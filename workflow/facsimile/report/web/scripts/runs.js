// Runs and their scores, from data/scores.js: see report/_scores.py.
"use strict";
(() => {
  const word = (column, i) => column.words[column.codes[i]];

  const unpack = ({ runs, scores }) => runs.seed.map((seed, i) => {
    const [dataset, model, params] = [word(runs.dataset, i), word(runs.model, i), word(runs.params, i)];
    const method = word(runs.method, i);
    const run = {
      id: i,
      key: `${dataset.id}/${model.id}/${word(runs.hash, i).id}/${seed}`,
      seed,
      dataset: dataset.id, datasetName: dataset.name,
      model: model.id, methodId: method.id, method: method.name,
      params: params.id, settings: params.name, allSettings: params.all, values: params.values,
      position: runs.value[i],
      number: runs.number[i],
      control: runs.control[i] === 1,
      state: word(runs.state, i).id,
    };
    scores.forEach((score, j) => { run[`s${j}`] = score.values[i]; });
    return run;
  });

  facsimile.runs = {
    /** Load all runs: sets ``all``, ``scores``, ``words`` and ``byKey``. */
    load: async () => {
      const data = await facsimile.load("scores");
      const all = unpack(data);
      facsimile.runs.all = all;
      facsimile.runs.scores = data.scores.map((score, j) => ({ ...score, values: undefined, field: `s${j}` }));
      facsimile.runs.words = Object.fromEntries(["dataset", "method", "params"].map((key) => [key, data.runs[key].words]));
      facsimile.runs.byKey = new Map(all.map((run) => [run.key, run]));
    },
    score: (id) => facsimile.runs.scores.find((score) => score.id === id) || facsimile.runs.scores.find((score) => score.name === id),
    median: (values) => {
      const sorted = Float64Array.from(values.filter((value) => value !== null && value !== undefined)).sort();
      const middle = sorted.length >> 1;
      if (!sorted.length) return null;
      return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    },
  };
})();
