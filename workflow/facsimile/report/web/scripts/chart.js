// The chart of the filtered runs' scores by method, by Vega-Lite. Every point links to the record of its run.
"use strict";
(() => {
  const { by } = facsimile;
  const SVG = 3000; // with more points, a canvas is faster
  let shown = null;

  const theme = () => {
    const [ink, faint, line] = ["--ink", "--faint", "--line"].map(facsimile.style);
    return {
      background: "transparent", font: facsimile.style("--font"), view: { stroke: null },
      axis: { labelColor: ink, titleColor: faint, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 160 },
    };
  };

  // Multiples of the golden ratio spread the points evenly and reproducibly, as in the figures.
  const jittered = (chosen, score) => chosen
    .filter((run) => run[score.field] !== null && run[score.field] !== undefined)
    .map((run, i) => ({ value: run[score.field], method: run.method, id: run.methodId, settings: run.settings, seed: run.seed, dataset: run.datasetName, key: run.key, offset: (i * 0.6180339887) % 1 }));

  const spec = (points, score) => {
    const rank = new Map(facsimile.runs.words.method.map(({ id }, i) => [id, i]));
    const colour = new Map(points.map(({ method, id }) => [method, id]));
    const methods = [...colour.keys()].sort((a, b) => rank.get(colour.get(a)) - rank.get(colour.get(b)));
    const y = { field: "method", type: "nominal", sort: methods, title: null };
    const wide = by("chart").clientWidth > 600;
    const values = points.map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    // Equal values leave no range, and ticks would be labelled with as many decimals as there are.
    const domain = low === high ? { domain: [low - 0.05, high + 0.05] } : {};
    const x = { field: "value", type: "quantitative", title: score.label, scale: { zero: false, nice: true, ...domain }, axis: { tickCount: wide ? 10 : 5, format: "~g" } };
    return {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      description: `${score.label} of ${points.length} runs by method. The table below has the same numbers.`,
      autosize: { type: "fit-x", contains: "padding" }, width: "container", height: methods.length * (wide ? 34 : 30), config: theme(),
      data: { values: points },
      layer: [
        {
          mark: { type: "circle", size: points.length > 600 ? 12 : 34, opacity: points.length > 600 ? 0.45 : 0.8, cursor: "pointer" },
          encoding: {
            x, y, yOffset: { field: "offset", type: "quantitative", scale: { domain: [-0.35, 1.35] }, axis: null },
            color: { field: "method", type: "nominal", legend: null, scale: { domain: methods, range: methods.map((method) => facsimile.colours[colour.get(method)] || "#888888") } },
            tooltip: [
              { field: "value", title: score.label, format: ".3f" }, { field: "method", title: "Method" },
              { field: "settings", title: "Hyper-parameters" }, { field: "seed", title: "Seed" }, { field: "dataset", title: "Data set" },
            ],
          },
        },
        { mark: { type: "tick", color: facsimile.style("--ink"), thickness: 2, size: wide ? 22 : 18 }, encoding: { x: { ...x, aggregate: "median", field: "value" }, y } },
      ],
    };
  };

  const draw = facsimile.later(async () => {
    if (!shown) return;
    const points = jittered(shown.chosen, shown.score);
    by("chart-note").textContent = points.length
      ? `Each point is a run; click it to see its record. Lines: medians. ${shown.score.meaning ? `${shown.score.label}: ${shown.score.meaning}.` : ""}`
      : "None of the filtered runs has this score.";
    by("chart").hidden = !points.length;
    if (!points.length) return;
    const { view } = await vegaEmbed(by("chart"), spec(points, shown.score), {
      renderer: points.length > SVG ? "canvas" : "svg",
      actions: { export: true, source: false, compiled: false, editor: false }, downloadFileName: `${facsimile.study}-${shown.score.name}`,
      tooltip: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" },
    });
    by("chart").querySelector("summary")?.setAttribute("aria-label", "Save the chart");
    const score = shown.score;
    view.addEventListener("click", (_, item) => { if (item?.datum?.key) location.hash = facsimile.address.run(item.datum.key, score.id); });
  }, 30);

  facsimile.chart = { show: (chosen, score) => { shown = { chosen, score }; draw(); } };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
