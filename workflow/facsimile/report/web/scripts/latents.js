// The latent explorer: choose a run, move its latents, see the decoded image.
"use strict";
(() => {
  const { by, make, panels } = facsimile;
  const STEPS = 9;
  const GAP = 2; // pixels between two images
  const REACH = 2.5; // of a traversal, in standard deviations of the prior
  const form = by("explored");
  if (!form) return;
  let listed = [];
  let now = null; // the current run: {data, decoder, order, codes, image, sliders}

  const say = (text) => { by("explorer-status").textContent = text; by("explorer-status").hidden = !text; };

  // Only the newest position counts: those that arrived while the decoder was busy are skipped.
  let busy = false;
  let again = false;
  const decode = async () => {
    if (busy) { again = true; return; }
    busy = true;
    do {
      again = false;
      const shown = now;
      const began = performance.now();
      const data = await shown.decoder.pictures([shown.codes]);
      if (shown !== now) continue;
      facsimile.paint(by("decoded"), data, 0, shown.data.shape);
      by("decode-time").textContent = `in ${Math.max(1, Math.round(performance.now() - began))} ms`;
    } while (again);
    busy = false;
  };

  const values = Array.from({ length: STEPS }, (_, i) => -REACH + (2 * REACH * i) / (STEPS - 1));

  const strip = (latent) => {
    const [height, width] = now.data.shape;
    const canvas = make("canvas", { width: (width + GAP) * STEPS - GAP, height, role: "img", "aria-label": `Traversal of latent ${latent + 1} from −${REACH} to ${REACH}` });
    canvas.addEventListener("click", (event) => {
      const place = Math.floor((event.offsetX / canvas.clientWidth) * STEPS);
      move(latent, values[Math.min(STEPS - 1, Math.max(0, place))]);
      now.sliders.set(now.codes);
    });
    return { latent, canvas };
  };

  // One row at a time, so that moving a slider waits for one row at most.
  const traverse = async (shown) => {
    const mean = shown.data.mean[shown.image];
    for (const { latent, canvas } of shown.strips) {
      const codes = values.map((value) => mean.map((m, i) => (i === latent ? value : m)));
      const data = await shown.decoder.pictures(codes);
      if (shown !== now || mean !== shown.data.mean[shown.image]) return;
      values.forEach((_, i) => facsimile.paint(canvas, data, i, shown.data.shape, i * (shown.data.shape[1] + GAP)));
      await new Promise((resolve) => setTimeout(resolve));
    }
    by("strips").dataset.done = shown.image;
  };

  const move = (latent, value) => { now.codes[latent] = value; decode(); };

  const place = (codes) => { now.codes = [...codes]; now.sliders.set(now.codes); decode(); };

  const choose = (image) => {
    const { data } = now;
    now.image = image;
    by("input").src = data.images[image];
    by("factors").textContent = data.factors.map((factor, i) => `${factor.name} ${data.values[image][i] + 1}/${factor.size}`).join(" · ");
    now.sliders.posterior(data.mean[image], data.deviation[image]);
    place(data.mean[image]);
    delete by("strips").dataset.done;
    traverse(now);
  };

  const build = () => {
    const { data, order } = now;
    const [height, width] = data.shape;
    Object.assign(by("decoded"), { width, height });
    const limit = Math.ceil(Math.max(3, ...data.mean.flat().map(Math.abs)));
    now.sliders = panels.sliders(order, data.kl, limit, move);
    now.strips = order.filter((latent) => !panels.dead(data.kl[latent])).map(strip);
    const dead = order.length - now.strips.length;
    by("strips").replaceChildren(
      ...now.strips.map(({ latent, canvas }) => make("div", { class: "strip" }, make("span", {}, `z${latent + 1}`), canvas)),
      ...(dead ? [make("p", { class: "faint" }, `${dead} latent${dead > 1 ? "s" : ""} below 0.01 nats not shown.`)] : []));
    panels.matrix(order, data.information, data.factors);
    panels.images(data.images, choose);
  };

  const open = async (entry) => {
    say("Loading the decoder …");
    const data = await facsimile.load(entry.data);
    const decoder = await facsimile.decoder.open(data.onnx);
    if (form.elements.run.value !== entry.run) { decoder.close(); return; }
    now?.decoder.close();
    const order = data.kl.map((_, latent) => latent).sort((a, b) => data.kl[b] - data.kl[a]);
    now = { data, decoder, order, codes: [...data.mean[0]], image: 0 };
    build();
    by("explorer").hidden = false;
    say("");
    by("explored-run").href = facsimile.address.run(entry.run);
    choose(0);
  };

  const show = () => {
    const entry = listed.find(({ run }) => run === form.elements.run.value);
    if (entry) open(entry).catch((error) => say(`The decoder cannot run here: ${error.message}. It needs a browser from 2023 or later. If yours is recent, serve this folder with: python -m http.server`));
  };

  const named = (key) => Object.fromEntries(facsimile.runs.words[key].map(({ id, name }) => [id, name]));

  const offer = (name, entries) => form.elements[name].replaceChildren(...entries.map(([value, text]) => make("option", { value }, text)));

  const offerModels = () => {
    const matching = listed.filter(({ dataset }) => dataset === form.elements.dataset.value);
    offer("model", [...new Set(matching.map(({ model }) => model))].map((id) => [id, named("method")[id]]));
    offerRuns();
  };

  const offerRuns = () => {
    const matching = listed.filter(({ dataset, model }) => dataset === form.elements.dataset.value && model === form.elements.model.value);
    offer("run", matching.map((entry) => [entry.run, `${entry.title} (${entry.place})`]));
  };

  const choices = () => {
    offer("dataset", [...new Set(listed.map(({ dataset }) => dataset))].map((id) => [id, named("dataset")[id]]));
    offerModels();
    form.addEventListener("change", ({ target }) => {
      if (target.name === "dataset") offerModels();
      if (target.name === "model") offerRuns();
      show();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  };

  const select = (key) => {
    const entry = listed.find(({ run }) => run === key);
    if (!entry) return;
    form.elements.dataset.value = entry.dataset;
    offerModels();
    form.elements.model.value = entry.model;
    offerRuns();
    form.elements.run.value = key;
    show();
  };

  facsimile.latents = {
    has: (key) => listed.some(({ run }) => run === key),
    /** List the runs that have a decoder. The first is loaded when the section comes into view. */
    make: async () => {
      listed = await facsimile.load("latents");
      if (!listed.length) return;
      choices();
      const seen = new IntersectionObserver((entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        seen.disconnect();
        if (!now) show();
      }, { rootMargin: "200px" });
      seen.observe(by("latents"));
      by("posterior").addEventListener("click", () => place(now.data.mean[now.image]));
      by("prior").addEventListener("click", () => place(now.data.kl.map(() => 0)));
      facsimile.address.on("latents", ({ parameters }) => { if (parameters.run) select(parameters.run); });
    },
  };
})();
