// Loads the runs, builds the parts that show them, then follows the address.
"use strict";
(async () => {
  try {
    await facsimile.runs.load();
    await facsimile.table.make();
    facsimile.filters.make();
    facsimile.address.on("scores", ({ parameters }) => { if (Object.keys(parameters).length) facsimile.filters.state(parameters); });
    await facsimile.latents?.make();
    document.documentElement.dataset.ready = "true";
    facsimile.address.follow();
  } catch (error) {
    facsimile.by("table").replaceChildren(facsimile.make("p", { class: "notice", role: "alert" }, `The scores cannot be shown: ${error.message}`));
    throw error;
  }
})();
