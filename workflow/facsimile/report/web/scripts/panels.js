// The parts of the latent explorer: sliders with posteriors, the matrix of mutual information, the images to choose from.
"use strict";
(() => {
  const { by, make } = facsimile;
  const DEAD = 0.01; // nats

  const number = (value) => value.toFixed(2).replace("-", "−");

  facsimile.panels = {
    dead: (kl) => kl < DEAD,
    number,

    /** One slider per latent, in the given order. Returns {set(codes), posterior(mean, deviation)}. */
    sliders: (order, kl, limit, moved) => {
      const largest = Math.max(...kl, 1e-9);
      const rows = order.map((latent) => {
        const output = make("output", { for: `latent-${latent}` });
        const input = make("input", { type: "range", id: `latent-${latent}`, min: -limit, max: limit, step: 0.05, value: 0, oninput: () => { output.textContent = number(Number(input.value)); moved(latent, Number(input.value)); } });
        const band = make("span", { class: "band", "aria-hidden": "true" });
        const line = make("span", { class: "mean", "aria-hidden": "true" });
        const bar = make("span", { class: "kl", "aria-hidden": "true", style: `--part:${Math.max(0, kl[latent] / largest)}` });
        const row = make("div", { class: facsimile.panels.dead(kl[latent]) ? "slider dead" : "slider" },
          make("label", { for: input.id }, `z${latent + 1}`, make("small", {}, `${kl[latent].toFixed(2)} nats`), bar),
          make("span", { class: "track" }, band, line, input), output);
        return { latent, row, input, output, band, line };
      });
      by("sliders").replaceChildren(...rows.map(({ row }) => row));
      const part = (value) => Math.min(1, Math.max(0, (value + limit) / (2 * limit)));
      const within = (share) => `calc((100% - 2 * var(--inset)) * ${share})`; // the middle of the thumb does not reach the ends
      const position = (value) => `calc(var(--inset) + ${within(part(value))})`;
      return {
        set: (codes) => rows.forEach(({ latent, input, output }) => { input.value = codes[latent]; output.textContent = number(codes[latent]); }),
        posterior: (mean, deviation) => rows.forEach(({ latent, band, line, input }) => {
          const [low, high] = [mean[latent] - 2 * deviation[latent], mean[latent] + 2 * deviation[latent]];
          band.style.left = position(low);
          band.style.width = within(Math.max(0.005, part(high) - part(low)));
          line.style.left = position(mean[latent]);
          input.setAttribute("aria-label", `Latent ${latent + 1}, KL ${kl[latent].toFixed(2)} nats; the posterior is ${number(mean[latent])} ± ${number(deviation[latent])}`);
        }),
      };
    },

    /** Latents × factors; the larger the value, the stronger the colour. */
    matrix: (order, information, factors) => {
      const largest = Math.max(...information.flat(), 1e-9);
      const cell = (value) => make("td", { style: `--part:${value / largest}`, ...(value / largest > 0.55 ? { class: "strong" } : {}) }, value.toFixed(2));
      by("matrix").replaceChildren(make("table", { class: "matrix" },
        make("thead", {}, make("tr", {}, make("td", {}), factors.map((factor) => make("th", { scope: "col" }, factor.name, make("small", {}, `${factor.size} values`))))),
        make("tbody", {}, order.map((latent) => make("tr", {}, make("th", { scope: "row" }, `z${latent + 1}`), information[latent].map(cell))))));
    },

    /** The images to choose from. */
    images: (images, chosen) => by("images").replaceChildren(...images.map((source, i) => make("label", {},
      make("input", { type: "radio", name: "image", value: i, ...(i ? {} : { checked: true }), "aria-label": `Image ${i + 1}`, onchange: () => chosen(i) }),
      make("img", { src: source, alt: "", width: 64, height: 64 })))),
  };
})();
